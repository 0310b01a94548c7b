import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate as turnOfTheLoop } from 'node:timers/promises'
import { signIn, temporaryHome } from './bibby-process.ts'

test('what was confirmed when Bibby was killed is done after the next start', {
  timeout: 180_000,
}, async () => {
  await using home = await temporaryHome()
  const first = home.start({ BIBBY_SAMPLE: 'yes' })
  const address = await first.ready
  const headers = {
    authorization: `Bearer ${await signIn(address, home.data, 'operator')}`,
    'content-type': 'application/json',
  }
  const before = await home.connect()
  const { rows } = await before.query(`
    select barcode from copy
    where not exists (select from loan where copy_id = copy.id) and not exists (select from hold where title_id = copy.title_id)
    limit 3
  `)
  const body = JSON.stringify({ barcodes: rows.map(({ barcode }) => barcode), because: 'Worn' })
  const url = new URL('api/v1/operations/withdraw-copies', address)
  const planned = await fetch(url, { method: 'POST', headers, body })
  const { id } = (await planned.json()) as { id?: string }
  assert.ok(id, `${planned.status}`)
  // As a process leaves it that dies between the commit of a confirmation and its first batch.
  await before.query(
    `update guard_operation set state = 'armed', code_hmac = sha256(''), code_until = now() where id = $1`,
    [id],
  )
  await before.query(
    `update guard_operation set state = 'executing', code_hmac = null, code_until = null, next_batch_at = now() where id = $1`,
    [id],
  )
  await before.end()
  first.kill('SIGKILL')
  await first.ended

  const second = home.start({ BIBBY_SAMPLE: 'yes' })
  await second.ready
  const after = await home.connect()
  for (let state = 'executing'; state === 'executing'; ) {
    await turnOfTheLoop()
    const found = await after.query<{ state: string }>('select state from guard_operation where id = $1', [
      id,
    ])
    state = found.rows[0]?.state ?? 'gone'
    if (state !== 'executing') assert.equal(state, 'done')
  }
  const gone = await after.query('select from copy where withdrawn_at is not null')
  assert.equal(gone.rowCount, 3)
  await after.end()
})
