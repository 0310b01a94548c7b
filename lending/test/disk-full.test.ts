import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { signIn, temporaryHome } from './bibby-process.ts'
import { filled, mounted, noSmallDisk } from './small-disk.ts'

const card = '29000000000015'
const barcode = '39000000000013'
/** More than fits into the pages that the tables have already. */
const lendsMax = 2_000
/** A machine that stands still for longer than a search may take stops a search or two, but not so many. */
const searchesMax = 20

test('on a full disk a loan is refused and nothing is lost; with room again the library goes on', {
  skip: noSmallDisk,
}, async () => {
  await using home = await temporaryHome()
  await using _ = await mounted(home.data, 'mode=755,size=420m')
  const bibby = home.start({ BIBBY_SAMPLE: 'yes', BIBBY_LOG_LEVEL: 'silent' })
  const address = await bibby.ready
  const token = await signIn(address, home.data, 'operator')
  const post = async (path: string, body: object | string) => {
    const response = await fetch(new URL(`/api/v1${path}`, address), {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'idempotency-key': randomUUID(),
        'content-type': typeof body === 'string' ? 'application/octet-stream' : 'application/json',
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
    const { code, loanId } = (await response.json()) as { code?: string; loanId?: number }
    return { status: response.status, code, loanId }
  }
  const lend = () => post('/loans', { card, barcode, branch: 'main' })
  const giveBack = () => post('/returns', { barcode, branch: 'main' })

  const acknowledged: number[] = []
  const refused: string[] = []
  await giveBack()
  const free = await filled(join(home.data, 'exports'))
  for (let asked = 0; asked < lendsMax && refused.length === 0; asked++) {
    const lent = await lend()
    if (lent.loanId !== undefined) acknowledged.push(lent.loanId)
    else refused.push(`${lent.status} ${lent.code}`)
    const back = await giveBack()
    if (back.status !== 200) refused.push(`${back.status} ${back.code}`)
  }
  assert.ok(refused.length > 0, 'the disk was never full')
  for (const each of refused) assert.match(each, /^507 BIBBY_DISK_FULL$|^50[34] |^409 copy-on-loan$/)
  assert.ok(
    refused.some((each) => each.startsWith('507')),
    `${refused}`,
  )

  const brought = await post('/imports?fileName=a.csv', `title\n${'Emma\n'.repeat(400_000)}`)
  assert.deepEqual([brought.status, brought.code], [507, 'BIBBY_DISK_FULL'])
  assert.deepEqual(await readdir(join(home.data, 'uploads')), [])
  let found = await post('/books/search', { query: 'emma' })
  for (let asked = 1; asked < searchesMax && found.code === 'too-broad'; asked++)
    found = await post('/books/search', { query: 'emma' })
  assert.deepEqual([found.status, found.code], [200, undefined], 'reading goes on')

  await free()
  await giveBack()
  const again = await lend()
  assert.equal(again.status, 201, again.code)
  acknowledged.push(again.loanId ?? 0)
  const client = await home.connect()
  const { rows } = await client.query<{ id: string }>('select id from loan')
  await client.end()
  const kept = new Set(rows.map(({ id }) => Number(id)))
  for (const loanId of acknowledged)
    assert.ok(kept.has(loanId), `loan ${loanId} was acknowledged and is gone`)
  bibby.kill('SIGTERM')
  assert.equal((await bibby.ended).code, 0)
})
