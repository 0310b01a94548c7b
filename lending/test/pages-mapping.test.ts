import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ImportLibrary, waitForImport } from '../src/catalogue/import/start-import.ts'
import { sql } from '../src/postgres/sql.ts'
import { aServedLibrary, bearing } from './api-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const content = `title,note,mark
Emma,ISBN: 9780141439587,Sig. 823 AUS
Walden,without,
Moby Dick,ISBN: 9780142437247,other
`

test('a part of a column is taken by page: looked at first, refused when hostile, and kept with the import', async () => {
  await using at = await anOpenLibrary()
  const cataloguer = aVisitor(at.app)
  await cataloguer.signIn('staff', await at.staff('cataloguer'))
  await cataloguer.open('/imports')
  await cataloguer.upload('/imports/uploads', { name: 'gifts.csv', content }, { format: 'csv' })
  const mapped = await cataloguer.send('/imports/preview', { 'map.isbn': 'note' })
  assert.match(mapped.text, /Take only a part of a column.*ISBN, of “note”/)
  const look = (fields: Record<string, string>) => cataloguer.send('/imports/preview', fields)

  const hostile = await look({ 'take.isbn': '([0-9]+)+x' })
  assert.equal(hostile.status, 422)
  assert.match(hostile.text, /A pattern of the mapping is not taken.*exponential time/)
  assert.match(hostile.html, /<details[^>]* open>.*name="take.isbn"[^>]*value="\(\[0-9\]\+\)\+x"/s)
  assert.doesNotMatch(hostile.text, /Start the import/)

  const taken = await look({ 'take.isbn': 'ISBN: ([0-9]{13})' })
  assert.match(taken.text, /9780141439587/)
  assert.match(taken.text, /Record 2 isbn: the pattern takes nothing of the column " note ", " without "/)
  const optional = await look({ 'may.isbn': 'yes' })
  assert.match(optional.html, /name="may.isbn"[^>]* checked/)
  assert.doesNotMatch(optional.text, /takes nothing of/)
  const marks = [{ column: 'mark', pattern: 'Sig\\. (.+)', optional: true }, 'title']
  const several = await look({ 'map.publisher': JSON.stringify(marks), 'may.isbn': '' })
  assert.match(several.text, /mark by Sig\\\. \(\.\+\), else title/)

  const started = await cataloguer.send('/imports', { name: 'Gifts' })
  const id = Number(/^\/imports\/(\d+)$/.exec(started.path)?.[1])
  const end = await waitForImport(at.library as ImportLibrary, id)
  assert.ok('changeSet' in end && end.changeSet.state === 'done', JSON.stringify(end))
  assert.deepEqual(end.changeSet.setup.csv?.mapping, {
    title: 'title',
    isbn: { column: 'note', pattern: 'ISBN: ([0-9]{13})' },
    publisher: marks,
  })
  const titles = await at.db.rows(
    sql`select title, isbns, publisher from title where publisher <> '' order by title`,
  )
  assert.deepEqual(titles, [
    { title: 'Emma', isbns: ['9780141439587'], publisher: '823 AUS' },
    { title: 'Moby Dick', isbns: ['9780142437247'], publisher: 'Moby Dick' },
  ])
  assert.match((await cataloguer.open(`/imports/${id}/rejects`)).text, /the pattern takes nothing of/)
})

test('a part of a column is taken by API, on the thread of the import; a hostile pattern is refused at the door', async () => {
  await using at = await aServedLibrary()
  const headers = bearing(await at.tokenOf('cataloguer'))
  const bring = async (pattern: string, more = '') => {
    const mapping = JSON.stringify({ title: 'title', isbn: { column: 'note', pattern } })
    return at.app.inject({
      method: 'POST',
      url: `/api/v1/imports?fileName=gifts.csv&mapping=${encodeURIComponent(mapping)}${more}`,
      headers: { ...headers, 'content-type': 'application/octet-stream' },
      payload: content,
    })
  }
  for (const more of ['', '&preview=yes']) {
    const hostile = await bring('([0-9]+)+x', more)
    assert.equal(hostile.statusCode, 422)
    assert.equal(hostile.json().code, 'mapping-pattern-unfit')
    assert.match(hostile.json().problems[0], /^isbn, column "note": .*make one of them match less/)
  }
  assert.deepEqual(await at.db.rows(sql`select from change_set`), [])
  const started = await bring('ISBN: ([0-9]{13})')
  assert.equal(started.statusCode, 202, started.body)
  const { changeSetId } = started.json()
  await waitForImport(at.library, changeSetId)
  const get = async (path: string) => (await at.app.inject({ url: path, headers })).json()
  const set = await get(`/api/v1/imports/${changeSetId}`)
  assert.deepEqual([set.state, set.read, set.imported, set.rejected], ['done', 3, 2, 1])
  const { rejects } = await get(`/api/v1/imports/${changeSetId}/rejects`)
  assert.deepEqual([rejects[0].recordNumber, rejects[0].code], [2, 'pattern-takes-nothing'])
  const odd = { title: 'title', isbn: { column: 'note', pattern: 'a', why: 'b' } }
  const refused = await at.app.inject({
    method: 'POST',
    url: `/api/v1/imports?mapping=${encodeURIComponent(JSON.stringify(odd))}`,
    headers: { ...headers, 'content-type': 'application/octet-stream' },
    payload: content,
  })
  assert.equal(refused.json().code, 'request-invalid')
})
