import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { waitForImport } from '../src/catalogue/import/start-import.ts'
import { faultAnswer } from '../src/http/faults.ts'
import { aServedLibrary, bearing, type ServedLibrary } from './api-fixtures.ts'

const csv = 'title,author,year\nMoby Dick,Herman Melville,1851\nEmma,Jane Austen,1815\n'

async function bringing(at: ServedLibrary) {
  const headers = bearing(await at.tokenOf('cataloguer'))
  return {
    headers,
    bring: (query: string, payload: string | Buffer, more: Record<string, string> = {}) =>
      at.app.inject({
        method: 'POST',
        url: `/api/v1/imports?${query}`,
        headers: { ...headers, 'content-type': 'application/octet-stream', ...more },
        payload,
      }),
  }
}

const uploadsOf = (at: ServedLibrary) => readdir(join(at.library.dataFolder, 'uploads')).catch(() => [])

test('a file is previewed, imported, looked at, taken away again and undone by API', async () => {
  await using at = await aServedLibrary()
  const { headers, bring } = await bringing(at)
  const get = async (url: string) => (await at.app.inject({ url: `/api/v1${url}`, headers })).json()

  const preview = await bring('fileName=books.csv&preview=yes', csv)
  assert.equal(preview.statusCode, 200, preview.body)
  assert.equal(preview.json().records.length, 2)
  assert.deepEqual(await uploadsOf(at), [], 'a preview leaves no file behind')

  const started = await bring('fileName=books.csv&name=First', csv, { 'idempotency-key': 'import-1' })
  assert.equal(started.statusCode, 202, started.body)
  const { changeSetId } = started.json()
  await waitForImport(at.library, changeSetId)
  const set = await get(`/imports/${changeSetId}`)
  assert.deepEqual(await uploadsOf(at), [], 'an import that is over needs its file no more')
  assert.equal(set.state, 'done')
  assert.equal(set.recordsRead, 2)
  assert.equal(set.imported + set.updated + set.unchanged + set.rejected, 2)
  assert.equal((await get('/imports')).imports[0].name, 'First')
  assert.deepEqual((await get(`/imports/${changeSetId}/rejects`)).rejects, [])

  const again = await bring('fileName=books.csv&name=First', csv, { 'idempotency-key': 'import-1' })
  assert.equal(again.json().changeSetId, changeSetId, 'the same key is the same import')
  assert.deepEqual(await uploadsOf(at), [], 'nor the file that came with it again')

  const exported = await at.app.inject({ url: '/api/v1/export?format=csv', headers })
  assert.equal(exported.statusCode, 200)
  assert.match(exported.body, /Moby Dick/)
  assert.match(String(exported.headers['content-disposition']), /catalogue\.csv/)
  assert.doesNotMatch(exported.body, /barcode/)
  const withCopies = await at.app.inject({ url: '/api/v1/export?format=csv&copies=yes', headers })
  assert.match(withCopies.body, /^[^\n]*,barcode,branch,item_type,/)

  const undone = await at.app.inject({
    method: 'POST',
    url: `/api/v1/imports/${changeSetId}/undo`,
    headers,
    payload: {},
  })
  assert.equal(undone.statusCode, 200, undone.body)
  assert.equal(undone.json().undone, 2)
})

test('a file that is empty, too large, unmapped or in no known encoding is refused and leaves nothing behind', async () => {
  await using at = await aServedLibrary({ limits: { uploadBytes: 1_000 } })
  const { bring } = await bringing(at)
  const refused = async (query: string, payload: string) => {
    const answer = await bring(query, payload)
    return `${answer.statusCode} ${answer.json().code}`
  }
  assert.equal(await refused('fileName=a.csv', ''), '400 file-empty')
  assert.equal(await refused('fileName=a.csv', 'x'.repeat(1_001)), '413 body-too-large')
  assert.equal(await refused('fileName=a.csv', 'p,q\n1,2\n'), '422 mapping-incomplete')
  assert.equal(await refused('fileName=a.csv&encoding=klingon', csv), '422 encoding-unknown')
  assert.equal(await refused('fileName=a.csv&mapping=%7B', csv), '400 request-invalid')
  assert.equal(await refused('fileName=a.csv&mapping=%7B%22evil%22:%22x%22%7D', csv), '400 request-invalid')
  assert.deepEqual(await uploadsOf(at), [])
})

test('a full disk is told as one', () => {
  for (const code of ['ENOSPC', 'EDQUOT']) {
    assert.equal(faultAnswer(Object.assign(new Error('no room'), { code })).status, 507)
  }
})

test('patrons come in from a file, and the account balances', async () => {
  await using at = await aServedLibrary()
  const headers = { ...bearing(await at.tokenOf('desk')), 'content-type': 'text/csv' }
  const [category] = (await at.app.inject('/api/v1/patron-categories')).json().patronCategories
  const rows = `card,familyName,givenName\nA-1,Lovelace,Ada\nA-2,,\n`
  const url = `/api/v1/patrons/import?category=${category.code}&branch=${at.branchCode}`
  const answer = await at.app.inject({ method: 'POST', url, headers, payload: rows })
  assert.equal(answer.statusCode, 200, answer.body)
  const { read, registered, updated, unchanged, rejected } = answer.json()
  assert.equal(read, 2)
  assert.equal(registered, 1)
  assert.equal(registered + updated + unchanged + rejected, read)
  assert.deepEqual(await uploadsOf(at), [])
})
