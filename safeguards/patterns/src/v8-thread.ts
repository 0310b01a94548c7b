// Runs in a thread of its own: V8, which may go back and forth for longer than anyone waits. The thread is terminated.
import { serve } from './thread-side.ts'

/** The expression travels as it is: nobody builds one from a string. */
export type V8Ask = { readonly expression: RegExp; readonly text: string }
/** `exhausted` is V8 giving up by itself, because it has no room to go back any further. */
export type V8Answer = 'matched' | 'not-matched' | 'exhausted'

serve(({ expression, text }: V8Ask): V8Answer => {
  try {
    return expression.test(text) ? 'matched' : 'not-matched'
  } catch (error) {
    if (error instanceof RangeError || error instanceof SyntaxError) return 'exhausted'
    throw error
  }
})
