import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as wait } from 'node:timers/promises'
import { sql } from '../src/postgres/sql.ts'
import { aCategory } from './library-fixtures.ts'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'

const titles = 20_000
/** The longest that one turn of the event loop may take of the processor. */
const turnMaxMs = 50

async function manyTitles({ db }: OpenLibrary): Promise<void> {
  await db.rows(sql`
    insert into title (control_source, control_number, title, authors, summary)
    select 'test', n, 'Title of ' || n, array['Author ' || n], repeat('A summary. ', 20)
    from generate_series(1, ${titles}::bigint) as n
  `)
}

async function operatorToken(at: OpenLibrary): Promise<string> {
  const reply = await fetch(`${at.address}/api/v1/sessions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ kind: 'staff', account: await at.staff('operator'), password: pagePassword }),
  })
  return ((await reply.json()) as { token: string }).token
}

/** Below the 15 s after which its statement would end anyway, and far above what a busy machine takes. */
const untilMaxMs = 10_000

/** Somebody with a process of their own, so that reading costs the server nothing: asks for this and counts bytes. */
const reader = `
  const [address, token] = process.argv.slice(1)
  const reply = await fetch(address, { headers: { authorization: 'Bearer ' + token } })
  process.stdout.write(reply.status + '\\n')
  let bytes = 0
  for await (const part of reply.body) bytes += part.length
  process.stdout.write(bytes + '\\n')
`

function startReading(at: OpenLibrary, path: string, token: string) {
  const child = spawn(
    process.execPath,
    ['--input-type=module', '-e', reader, `${at.address}${path}`, token],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  let said = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  return { child, said: () => said }
}

/** Counts what this thread takes of the processor, in all and in its longest turn, whatever else the machine does. */
function watchedThread() {
  const now = () => {
    const { user, system } = process.threadCpuUsage()
    return (user + system) / 1_000
  }
  const began = now()
  let turnBegan = began
  let longestMs = 0
  // Timers run once in each turn.
  const turns = setInterval(() => {
    const at = now()
    longestMs = Math.max(longestMs, at - turnBegan)
    turnBegan = at
  }, 1)
  return () => {
    clearInterval(turns)
    return { longestMs, allMs: now() - began }
  }
}

test('while 20,000 titles are exported the loop is never held, health is answered, and the work is done on another thread', async () => {
  await using at = await anOpenLibrary()
  await manyTitles(at)
  const token = await operatorToken(at)
  const allBefore = process.cpuUsage()
  const watched = watchedThread()
  const { child, said } = startReading(at, '/api/v1/export?format=marcxml&copies=yes', token)
  const ended = once(child, 'exit')
  let isEnded = false
  void ended.then(() => {
    isEnded = true
  })
  while (!isEnded) {
    assert.equal((await fetch(`${at.address}/actuator/health`)).status, 200)
    await Promise.race([ended, once(child.stdout, 'data')])
  }
  const { longestMs, allMs } = watched()
  const { user, system } = process.cpuUsage(allBefore)
  assert.match(said(), /^200\n\d{8,}\n$/)
  assert.ok(longestMs < turnMaxMs, `one turn took ${longestMs} ms of the processor`)
  assert.ok(
    allMs < (user + system) / 1_000 / 2,
    `${allMs} ms of ${(user + system) / 1_000} on the server's own thread`,
  )
})

test('a client that reads slowly holds the export back, and one that hangs up ends it', async () => {
  await using at = await anOpenLibrary()
  await manyTitles(at)
  const token = await operatorToken(at)
  const { child, said } = startReading(at, '/api/v1/export?format=marcxml&copies=no', token)
  while (said() === '') await once(child.stdout, 'data')
  // It reads nothing more: what there is fills what lies between, and the work waits.
  child.kill('SIGSTOP')
  assert.deepEqual(at.library.threads.counts(), { running: 1, waiting: 0 })
  await at.db.rows(sql`update title set title = 'Changed'`)
  assert.deepEqual(at.library.threads.counts(), { running: 1, waiting: 0 })
  child.kill('SIGKILL')
  while (at.library.threads.counts().running > 0) await fetch(`${at.address}/actuator/health`)
})

test('who has a file of patrons looked at and hangs up ends the thread, also while the database holds it', async () => {
  await using at = await anOpenLibrary()
  const token = await operatorToken(at)
  const { categoryCode } = await aCategory(at.db)
  // Who they are is remembered for some seconds; to look it up would wait for the lock too.
  await fetch(`${at.address}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } })
  await at.db.transaction(async (within) => {
    await within.rows(sql`lock table patron in access exclusive mode`)
    const leaving = new AbortController()
    const asked = fetch(
      `${at.address}/api/v1/patrons/import?preview=yes&category=${categoryCode}&branch=${at.branchCode}`,
      {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'text/csv' },
        body: 'card,familyName\nnew-1,One\n',
        signal: leaving.signal,
      },
    )
    asked.catch(() => undefined)
    await until(async () => at.library.threads.counts().running === 1)
    await until(async () => {
      const waiting = sql`select from pg_locks where not granted and relation = 'patron'::regclass`
      return (await at.db.rows(waiting)).length > 0
    })
    leaving.abort()
    await assert.rejects(asked, { name: 'AbortError' })
    await until(async () => at.library.threads.counts().running === 0)
  })
})

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const began = performance.now(); !(await isSo()); await wait(5)) {
    assert.ok(performance.now() - began < untilMaxMs, `not within ${untilMaxMs} ms`)
  }
}
