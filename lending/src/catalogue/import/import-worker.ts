import { enableCompileCache } from 'node:module'
import { workerData } from 'node:worker_threads'
import type { ThreadStart } from './import-jobs.ts'

// The first that the thread of imports runs: what Node made of the sources is kept for each thread apart, and half of
// the time until the first record would go into making it again.

const { compiled } = workerData as ThreadStart
if (compiled !== undefined) enableCompileCache(compiled)
await import('./import-jobs.ts')
