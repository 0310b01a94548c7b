import assert from 'node:assert/strict'
import { execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { headFile } from '@bibby/lending/journal/audit-heads.ts'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { noTheirServer, theirServer } from '@bibby/lending/test/their-server.ts'
import { command } from './command.ts'

/** Runs the command as a person would, on this data folder. */
function bibby(data: string, words: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return new Promise<{ code: number; out: string; talk: string }>((resolve) => {
    execFile(
      process.execPath,
      [...command, ...words],
      { env: { PATH: '/usr/bin:/bin', BIBBY_DATA: data, ...env }, cwd: dirname(data) },
      (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
    )
  })
}

test('beside a running Bibby a backup is taken, and another machine is set up from its bundle', async () => {
  await using home = await temporaryHome()
  const running = home.start({ BIBBY_SAMPLE: 'yes' })
  const address = await running.ready
  const figures = async () => (await fetch(`${address}metrics`)).text()
  assert.match(await figures(), /^bibby_backup_newest_proven_timestamp_seconds 0$/m)
  assert.match(await figures(), /^bibby_backup_last_run_timestamp_seconds\{outcome="failed"\} 0$/m)

  const taken = await bibby(home.data, ['backup', 'run'])
  assert.equal(taken.code, 0, taken.talk)
  assert.match(
    taken.out,
    /^The backup \S+Z is proven: .*, restored in \S+ s\.\nAny second since can be restored\.\n$/,
  )
  assert.match(await figures(), /^bibby_backup_newest_proven_timestamp_seconds 1\.?\d+/m)
  assert.match(await figures(), /^bibby_backup_recovery_seconds \d/m)
  const listed = await bibby(home.data, ['backup', 'list'])
  assert.match(
    listed.out,
    /proven .*\nSeconds that can be restored, by .*:\n\S+Z to \S+Z\nThey are on the same disk as the data, and go with it\./,
  )

  await spoilNextFiles(join(home.data, 'backups', 'wal'))
  const partly = await bibby(home.data, ['backup', 'run'])
  assert.equal(partly.code, 1, 'the tables are proven, and the log is not')
  assert.match(partly.out, /is proven: .*\nNo other second can be restored from it: (?:Two files|The file) /)

  const refused = await bibby(home.data, ['restore', 'plan'])
  assert.equal(refused.code, 3)
  const [, typed = ''] = /^bibby (restore run .*)$/m.exec(refused.out) ?? []
  // As a shell takes it apart.
  const words = execFileSync('sh', ['-c', `printf '%s\\n' ${typed}`], { encoding: 'utf8' })
    .trim()
    .split('\n')
  assert.deepEqual(words.slice(0, 2), ['restore', 'run'])
  const whileRunning = await bibby(home.data, words)
  assert.equal(whileRunning.code, 3)
  assert.match(whileRunning.talk, /^Bibby runs on .*: process \d+, since .*BIBBY_RESTORE_REFUSED/)

  const file = join(dirname(home.data), 'library.bundle')
  assert.equal((await bibby(home.data, ['backup', 'bundle', file])).code, 0)
  assert.match((await bibby(home.data, ['backup', 'bundle', file])).talk, /exists\. Name a new file/)
  const [, name = ''] = /^The backup (\S+) /.exec(taken.out) ?? []
  await rm(join(home.data, 'backups', name, 'proven.json'))
  const unproven = await bibby(home.data, ['backup', 'bundle', `${file}.other`, name])
  assert.equal(unproven.code, 3)
  assert.match(unproven.talk, /is unproven: .* Prove it by bibby backup verify .*BIBBY_BACKUP_UNPROVEN/)
  const there = await bibby(home.data, ['restore', 'bundle', file])
  assert.match(there.talk, /There is a library already/)

  await using other = await temporaryHome()
  const set = await bibby(other.data, ['restore', 'bundle', file])
  assert.equal(set.code, 0, set.talk)
  const found = await bibby(other.data, ['search', 'Emma', 'Austen'])
  assert.match(found.out, /Emma/)
  assert.match((await bibby(other.data, ['notices', 'status'])).out, /^Notices are off\.\n/)
  assert.equal((await bibby(other.data, ['audit', 'verify'])).code, 0)
})

/** Puts files into the archive where those of the log will go that come next. */
async function spoilNextFiles(wal: string): Promise<void> {
  const [systemId = ''] = await readdir(wal)
  const last = (await readdir(join(wal, systemId))).toSorted().at(-1) ?? ''
  for (let more = 1; more <= 9; more++) {
    const next = (Number.parseInt(last.slice(16, 24), 16) + more).toString(16).toUpperCase().padStart(8, '0')
    await writeFile(join(wal, systemId, `${last.slice(0, 16)}${next}.${'0'.repeat(64)}.zst`), '')
  }
}

/** Kills a restore when the names are exchanged, and nothing else is: the file of heads is one that nobody writes to. */
async function cutOffBehindTheExchange(
  data: string,
  words: readonly string[],
  {
    env,
    sql,
    before,
  }: { env: NodeJS.ProcessEnv; sql: (database: string, text: string) => string; before: string },
): Promise<void> {
  const heads = headFile(data)
  await rename(heads, `${heads}.aside`)
  execFileSync('mkfifo', [heads])
  const child = spawn(process.execPath, [...command, ...words], {
    env: { PATH: '/usr/bin:/bin', BIBBY_DATA: data, ...env },
    cwd: dirname(data),
    stdio: 'ignore',
  })
  const ended = once(child, 'exit')
  const isExchanged = () =>
    sql('postgres', `select count(*), pg_sleep(0.05) from pg_database where datname = '${before}'`)
  while (child.exitCode === null && isExchanged().startsWith('0')) await new Promise(setImmediate)
  child.kill('SIGKILL')
  await ended
  await rename(`${heads}.aside`, heads)
}

test('on a PostgreSQL of one’s own, a backup is restored beside the database, and the names are exchanged', {
  skip: noTheirServer,
}, async () => {
  await using server = await theirServer()
  server.sql('postgres', 'create database library')
  await using home = await temporaryHome()
  const env = { BIBBY_DATABASE_URL: server.url('library') }
  const running = home.start({ ...env, BIBBY_SAMPLE: 'yes' })
  await running.ready
  const taken = await bibby(home.data, ['backup', 'run'], env)
  assert.equal(taken.code, 0, taken.talk)
  assert.match(taken.out, /proven.*\nNo other second can be restored from it: It was taken without/)
  const titles = server.sql('library', 'select count(*) from title')
  server.sql('library', `insert into title (title) values ('Written later')`)

  const planned = await bibby(home.data, ['--json', 'restore', 'plan'], env)
  assert.equal(planned.code, 3, planned.talk)
  const { id, phrase } = JSON.parse(planned.out) as { id: string; phrase: string }
  const words = ['restore', 'run', id, '--phrase', phrase]
  assert.match((await bibby(home.data, words, env)).talk, /is in use: .*bibby.*Stop every Bibby on it/)
  running.kill('SIGTERM')
  await running.ended
  await cutOffBehindTheExchange(home.data, words, { env, sql: server.sql, before: `library_before_${id}` })
  const status = await bibby(home.data, ['restore', 'status'], env)
  assert.match(status.out, /was cut off in the exchange\. bibby restore resume, or a start, finishes it/)
  const done = await bibby(home.data, ['restore', 'resume'], env)
  assert.match(done.out, /was cut off, and is finished: the library is as of 2/, done.talk)
  assert.equal(server.sql('library', 'select count(*) from title'), titles)
  assert.equal(server.sql(`library_before_${id}`, 'select count(*) from title'), String(Number(titles) + 1))
  assert.equal(server.sql('library', `select installations from notice_switch`), '{}')
  assert.deepEqual(
    server.sql('postgres', `select datname from pg_database where datname like '%restoring%'`),
    '',
  )
  assert.ok((await readdir(home.data)).includes(`restore-plan-${id}.json`))
})
