import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, readdir, rename, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { command } from './command.ts'

type Ran = { readonly code: number; readonly out: string; readonly talk: string }

function bibby(data: string, ...words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...command, ...words],
      { env: { PATH: '/usr/bin:/bin', BIBBY_DATA: data, BIBBY_PORT: '1' } },
      (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
    )
  })
}

const files = async (folder: string) =>
  (await readdir(folder)).filter((name) => !name.startsWith('.')).toSorted()
const runIn = (out: string) => /restore (\S+)/.exec(out)?.[1] ?? ''

test('old exports go to the trash by command and come back, while Bibby runs and while it does not', async () => {
  await using home = await temporaryHome()
  const running = home.start()
  await running.ready
  const exports = join(home.data, 'exports')
  for (const name of ['a.mrc', 'b.mrc', 'c d.mrc']) {
    await writeFile(join(exports, name), name)
    await utimes(join(exports, name), 1_600_000_000, 1_600_000_000)
  }
  await writeFile(join(exports, 'new.mrc'), 'new')
  const all = await files(exports)

  const unmarked = await bibby(home.data, 'cleanup', 'plan', 'exports')
  assert.deepEqual([unmarked.code, unmarked.out], [3, ''])
  assert.match(unmarked.talk, /has no \.cleanup-root\.json.*\(marker-missing\)/)
  assert.equal((await bibby(home.data, 'cleanup', 'mark', 'exports')).code, 0)
  const plan = await bibby(home.data, 'cleanup', 'plan', 'exports')
  assert.equal(plan.code, 0, plan.talk)
  assert.match(plan.out, /^exports: 3 files, 17B, would go; 1, 3B, stay\.\n {2}3: older than 90 days/)
  assert.deepEqual(await files(exports), all)

  const digest = /cleanup run ([0-9a-f]+)/.exec(plan.out)?.[1] ?? ''
  const ran = await bibby(home.data, 'cleanup', 'run', digest)
  assert.equal(ran.code, 0, ran.talk)
  assert.deepEqual(await files(exports), ['new.mrc'])
  const run = runIn(ran.out)
  const early = await bibby(home.data, 'trash', 'purge', run)
  assert.match(early.talk, /lain in the trash for 0 days for sure, and stays 7/)
  assert.equal(early.code, 3)

  running.kill('SIGTERM')
  await running.ended
  const { out } = await bibby(home.data, '--json', 'trash', 'list')
  const { runs } = JSON.parse(out) as { runs: { run: string; state: string; files: number }[] }
  assert.deepEqual(
    runs.map(({ run: id, state, files: count }) => [id, state, count]),
    [[run, 'done', 3]],
  )
  // The verb starts the database for itself: that is no Bibby that was started since.
  const sightings = Array.from({ length: 9 }, (_, day) =>
    JSON.stringify({
      at: new Date(Date.now() - (8 - day) * 86_400_000).toISOString(),
      boot: `${day}`,
      uptimeMs: 0,
    }),
  )
  await writeFile(join(exports, '.cleanup', 'runs', run, 'sightings'), `${sightings.join('\n')}\n`)
  const unseen = await bibby(home.data, 'trash', 'purge', run)
  assert.match(unseen.talk, /\(not-restarted\)/)
  // Files go back when the database is what is broken.
  const control = join(home.data, 'postgres', 'global', 'pg_control')
  await rename(control, `${control}.away`)
  const back = await bibby(home.data, 'trash', 'restore', run)
  assert.deepEqual([back.code, back.out], [0, '3 files were put back.\n'])
  assert.deepEqual(await files(exports), all)

  await rename(`${control}.away`, control)
  assert.equal((await bibby(home.data, 'cleanup', 'resume', '--back')).code, 2)
  for (const [words, told] of [
    [['cleanup', 'plan', '/'], /There is no root "\/"/],
    [['cleanup', 'plan', ''], /There is no root ""/],
    [['cleanup', 'run', '*'], /There is no plan "\*"/],
    [['trash', 'restore', '../..'], /No trash has a run/],
  ] as const) {
    const refused = await bibby(home.data, ...words)
    assert.equal(refused.code, 3)
    assert.match(refused.talk, told)
  }
  assert.equal((await bibby(home.data, '--server', 'http://127.0.0.1:1', 'trash', 'list')).code, 2)
  assert.equal((await bibby(home.data, 'cleanup', 'resume')).out.split('\n')[0], 'No run was cut off.')
  await mkdir(join(home.data, 'elsewhere'))
  await rm(join(home.data, 'covers'), { recursive: true })
  await symlink(join(home.data, 'elsewhere'), join(home.data, 'covers'))
  assert.match(
    (await bibby(home.data, 'cleanup', 'mark', 'covers')).talk,
    /leads through a link.*\(root-passes-link\)/,
  )
})
