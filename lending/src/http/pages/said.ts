import { isMessageId } from '../../language/messages.ts'
import type { Visit } from './visit.ts'

/**
 * What a page says after something was done, or undefined when there is no such code: a closed list, the messages
 * `said.<code>`, so that no address can put words in our mouth.
 */
export function saidText({ said, say }: Pick<Visit, 'said' | 'say'>): string | undefined {
  const id = `said.${said ?? ''}`
  return isMessageId(id) ? say(id) : undefined
}
