// A thread that waits and uses no processor, as one does that a busy machine does not let run.
import { serve } from '../src/thread-side.ts'

serve((forMs: number): string => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, forMs)
  return 'slept'
})
