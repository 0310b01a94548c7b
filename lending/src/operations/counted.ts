import type { MessageId } from '../language/messages.ts'
import { worded } from '../language/worded.ts'

/** The line of a plan that says how many; none where there are none. */
export function counted(say: MessageId, count: number): readonly string[] {
  return count === 0 ? [] : [worded(say, { count })]
}
