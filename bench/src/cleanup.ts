import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openCleanup } from '@bibby/cleanup/cleanup.ts'
import type { Row } from './row.ts'

const files = 100_000
const perFolder = 1_000
/** trash-cli writes a file of its own for each: a tenth, and its time tenfold. */
const forTrashCli = files / 10
const trashCli = '/usr/bin/trash-put'
const find = '/usr/bin/find'

/** Plan and run of 100,000 files against `find -delete`, which keeps nothing, and `trash-cli`, which does. */
export async function cleanup(): Promise<readonly Row[]> {
  const ours = await through(files, async (root) => {
    const cleaning = openCleanup({
      roots: [
        {
          name: 'old',
          path: root,
          limits: { filesMax: files, bytesMax: 1e12, percentMax: 100, filesLeftMin: 0 },
          chooser: async () => () => 'old',
        },
      ],
      protect: [],
      environment: 'bench',
      confirms: false,
      health: async () => ({}),
      serviceInstance: async () => undefined,
      clock: () => new Date(),
    })
    cleaning.mark('old')
    const planned = await timed(() => cleaning.plan('old'))
    const { digest, files: found } = planned.told
    if (found !== files) throw new Error(`It found ${found} files.`)
    const ran = await timed(() => cleaning.run(digest))
    if (ran.told.moved !== files) throw new Error(`It moved ${ran.told.moved} files.`)
    const back = await timed(() => cleaning.restore(ran.told.run))
    return { planMs: planned.ms, runMs: ran.ms, backMs: back.ms }
  })
  const deleted = await through(files, (root) => command(find, [root, '-type', 'f', '-delete']))
  const size = `${files.toLocaleString('en')} files in ${files / perFolder} folders`
  const row = (what: string, ms: number, peer: string, peerMs: number, more = ''): Row => ({
    what,
    measured: `${seconds(ms)} (plan before it: ${seconds(ours.planMs)}; putting all back: ${seconds(ours.backMs)})`,
    against: `${peer}: ${seconds(peerMs)}`,
    ratio: ms / peerMs,
    size: `${size}${more}`,
  })
  const rows = [
    row('cleanup into the trash, looked at before and after', ours.runMs, 'find -delete', deleted),
  ]
  if (!existsSync(trashCli)) return rows
  const trashed = await through(forTrashCli, (root, home) =>
    command(find, [root, '-type', 'f', '-exec', trashCli, '{}', '+'], home),
  )
  return [
    ...rows,
    row(
      'cleanup into the trash, looked at before and after',
      ours.runMs,
      'trash-cli',
      trashed * (files / forTrashCli),
      `; trash-cli took ${forTrashCli.toLocaleString('en')} of them, its time is counted ${files / forTrashCli} times`,
    ),
  ]
}

/** On a tree of its own, written anew; all is removed at the end. */
async function through<T>(count: number, work: (root: string, home: string) => Promise<T> | T): Promise<T> {
  const home = await mkdtemp(join(tmpdir(), 'bibby-bench-'))
  try {
    const root = join(home, 'library', 'old')
    for (let folder = 0; folder < count / perFolder; folder++) {
      await mkdir(join(root, String(folder)), { recursive: true })
      for (let file = 0; file < perFolder; file++) {
        const path = join(root, String(folder), `${file}.jpg`)
        await writeFile(path, 'a cover')
        await utimes(path, 1_700_000_000, 1_700_000_000)
      }
    }
    return await work(root, home)
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

async function timed<T>(work: () => Promise<T>): Promise<{ readonly told: T; readonly ms: number }> {
  const begun = performance.now()
  const told = await work()
  return { told, ms: performance.now() - begun }
}

function command(program: string, args: readonly string[], home = '/nonexistent'): number {
  const begun = performance.now()
  const { status } = spawnSync(program, args, {
    stdio: 'ignore',
    env: { HOME: home, XDG_DATA_HOME: join(home, 'share') },
  })
  if (status !== 0) throw new Error(`${program} ended with ${status}.`)
  return performance.now() - begun
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`
