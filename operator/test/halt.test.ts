import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { signIn, temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { scratchDatabase } from '@bibby/lending/test/scratch-database.ts'
import { command } from './command.ts'

type Ran = { readonly code: number; readonly out: string; readonly talk: string }

function bibby(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...command, ...words],
      { env: { PATH: '/usr/bin:/bin', ...env } },
      (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
    )
  })
}

/** Registers patrons one after another until told otherwise; counts what was done, and tells the first refusal. */
async function writer(address: string, token: string, on: { done: () => void }): Promise<string> {
  for (;;) {
    const reply = await fetch(`${address}api/v1/patrons`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ givenName: 'A', familyName: 'B', category: 'adult', branch: 'main' }),
    })
    if (reply.status !== 201) return ((await reply.json()) as { code: string }).code
    await reply.arrayBuffer()
    on.done()
  }
}

test('a halt by command, past a server that is stuck, stops eight writers on two processes; resume lets them go on', async () => {
  await using db = await scratchDatabase()
  const { host, user, database } = db.connection
  const env = { BIBBY_DATABASE_URL: `postgresql://${user}@${encodeURIComponent(host)}/${database}` }
  await using one = await temporaryHome('one')
  await using other = await temporaryHome('other')
  const first = one.start({ ...env, BIBBY_SAMPLE: 'yes' })
  const addresses = [await first.ready]
  const second = other.start(env)
  addresses.push(await second.ready)
  const token = await signIn(addresses[0] ?? '', one.data, 'operator')

  let done = 0
  const { promise: all, resolve } = Promise.withResolvers<void>()
  const count = { done: () => void (++done >= 40 && resolve()) }
  const writers = Array.from({ length: 8 }, (_, at) => writer(addresses[at % 2] ?? '', token, count))
  await Promise.race([all, Promise.all(writers)])
  const here = { ...env, BIBBY_DATA: one.data }
  const journal = () => db.withConnection((on) => on.query('select count(*) as entries from journal'))

  // Nothing answers at this address: the command needs no server.
  const halted = await bibby(['halt', '--reason', 'A drill', '--database'], {
    ...here,
    BIBBY_SERVER: 'http://127.0.0.1:1',
  })
  assert.equal(halted.code, 0, halted.talk)
  const atHalt = (await journal()).rows
  assert.deepEqual(new Set(await Promise.all(writers)), new Set(['BIBBY_WRITES_STOPPED']))
  assert.deepEqual((await journal()).rows, atHalt, 'something was written after the halt had answered')

  const page = await (await fetch(addresses[1] ?? '')).text()
  assert.match(page, /Writing is halted since .*A drill/s)
  const told = await bibby(['resume'], here)
  assert.equal(told.code, 3)
  const phrase = /--phrase "([^"]+)"/.exec(told.out)?.[1] ?? ''
  const wrong = await bibby(['resume', '--phrase', 'RESUME'], here)
  assert.equal(wrong.code, 2)
  assert.equal((await bibby(['resume', '--phrase', phrase], here)).code, 0)
  for (const address of addresses) {
    const again = Promise.withResolvers<void>()
    writer(address, token, { done: again.resolve }).catch(again.reject)
    await again.promise
  }
})
