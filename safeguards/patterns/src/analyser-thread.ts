// Runs in a thread of its own: recheck in JavaScript, which may think for seconds and loads three megabytes.
import { checkSync, type Diagnostics } from 'recheck'
import { given, serve } from './thread-side.ts'

const { limitMs } = given as { readonly limitMs: number }

serve(
  ({ source, flags }: { source: string; flags: string }): Diagnostics =>
    checkSync(source, flags, { timeout: limitMs }),
)
