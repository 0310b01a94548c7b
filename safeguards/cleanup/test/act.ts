import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { argv } from 'node:process'
import type { Host } from '../src/host.ts'

/** What changes anything on a disk. The process is killed before the n-th of these. */
const changing = [
  'mkdirSync',
  'openSync',
  'writeSync',
  'fsyncSync',
  'renameSync',
  'linkSync',
  'unlinkSync',
] as const

const [, , root = '', verb = '', given = '', killBefore = '0'] = argv
let left = Number(killBefore)
for (const name of changing) {
  const real = fs[name] as (...args: unknown[]) => unknown
  const counted = (...args: unknown[]) => {
    // Only what opens a file to write it.
    const counts =
      name !== 'openSync' || (Number(args[1]) & (fs.constants.O_WRONLY | fs.constants.O_CREAT)) !== 0
    if (counts && left > 0 && --left === 0) process.kill(process.pid, 'SIGKILL')
    return real(...args)
  }
  Object.assign(fs, { [name]: counted })
}
if (verb.startsWith('run-raced')) raceRenames()
syncBuiltinESMExports()

/** Another puts a new file, or a folder, in the place of `a.old` in the very moment before it is moved. */
function raceRenames(): void {
  const rename = fs.renameSync
  const raced = (from: Buffer, to: Buffer) => {
    if (String(from).endsWith('/a.old')) {
      if (verb === 'run-raced-by-folder') {
        fs.rmSync(from)
        fs.mkdirSync(from)
        fs.writeFileSync(Buffer.concat([from, Buffer.from('/precious')]), 'another')
      } else {
        fs.writeFileSync(`${root}/new`, 'another')
        rename(`${root}/new`, from)
      }
    }
    return rename(from, to)
  }
  Object.assign(fs, { renameSync: raced })
}

const { openCleanup } = await import('../src/cleanup.ts')
let asked = 0
const host: Host = {
  roots: [
    {
      name: 'covers',
      path: root,
      limits: { filesMax: 1e9, bytesMax: 1e15, percentMax: 100, filesLeftMin: 0 },
      chooser:
        async () =>
        ({ name }) =>
          name.includes('old') ? 'old' : undefined,
    },
  ],
  protect: [],
  environment: 'test',
  confirms: false,
  health: async () => (verb === 'run-ill' && asked++ > 0 ? { all: 'ill' } : { all: undefined }),
  serviceInstance: async () => randomUUID(),
  clock: () => new Date(),
  progress: (done, _, what) => void process.send?.({ done, what }),
}
const cleanup = openCleanup(host)
try {
  if (verb.startsWith('run')) await cleanup.run(given)
  else if (verb === 'purge') await cleanup.purge(given)
  else if (verb === 'restore') await cleanup.restore(given)
  else await cleanup.resume(given)
  process.send?.({ told: 'done', left })
} catch (error) {
  process.send?.({ told: (error as { code?: string }).code ?? String(error), left })
}
process.disconnect?.()
