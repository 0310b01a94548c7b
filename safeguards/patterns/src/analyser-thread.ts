// Runs in a thread of its own: recheck in JavaScript, which may think for seconds and loads three megabytes.
import { checkSync, type Diagnostics } from 'recheck'
import { given, serve } from './thread-side.ts'

const { limitMs } = given as { readonly limitMs: number }

// Within the limit of the whole it counts its steps and looks at no clock: a verdict is about the pattern, not about
// how busy the machine was.
const unhurried = { seedingTimeout: null, incubationTimeout: null, attackTimeout: null }

serve(
  ({ source, flags }: { source: string; flags: string }): Diagnostics =>
    checkSync(source, flags, { ...unhurried, timeout: limitMs }),
)
