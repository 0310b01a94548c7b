import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scratchDatabase } from '../../../test/scratch-database.ts'
import { sql } from '../../postgres/sql.ts'
import { write } from '../../postgres/write.ts'
import { editTitle } from '../edit-title.ts'
import { search } from '../search.ts'
import { rowReader } from './csv-title.ts'
import { clock, imported, scratchFolder } from './test/imported.ts'

const authorsIn = (column: string, cell: string) =>
  rowReader({ title: 'title', authors: column }, ['title', column])(['Emma', cell]).fields.authors
const yearIn = (cell: string) =>
  rowReader({ title: 'title', year: 'year' }, ['title', 'year'])(['Emma', cell]).fields.publishedYear

test('an inverted name is one author, whatever its column is called', () => {
  const names = [
    'Tolstoy, Leo',
    'Le Guin, Ursula K.',
    'Le Guin, U. K.',
    'van Gogh, Vincent Willem',
    'King, Jr.',
    'García Márquez, Gabriel José',
    'La Fontaine, Jean de',
    'Vargas Llosa, Jorge Mario Pedro',
  ]
  for (const name of names) {
    assert.deepEqual(authorsIn('author', name), [name])
    assert.deepEqual(authorsIn('authors', name), [name])
  }
})

test('whole names between commas are several authors where the column promises several', () => {
  assert.deepEqual(authorsIn('authors', 'J.K. Rowling, Mary GrandPré'), ['J.K. Rowling', 'Mary GrandPré'])
  assert.deepEqual(authorsIn('Creators', 'Kurt Vonnegut Jr., Suzanne McConnell'), [
    'Kurt Vonnegut Jr.',
    'Suzanne McConnell',
  ])
  assert.deepEqual(authorsIn('authors', 'Neil Gaiman, Terry Pratchett'), ['Neil Gaiman', 'Terry Pratchett'])
  assert.deepEqual(authorsIn('authors', 'García Márquez, Gabriel José; Allende, Isabel'), [
    'García Márquez, Gabriel José',
    'Allende, Isabel',
  ])
  assert.deepEqual(authorsIn('author', 'Le Guin, Ursula K.; Tolstoy, Leo'), [
    'Le Guin, Ursula K.',
    'Tolstoy, Leo',
  ])
})

test('the year of a whole date is its year, not its day', () => {
  const dates = [
    '16.9.2006',
    '9/16/2006',
    '16 Sept 2006',
    'Sept 16, 2006',
    '2006-09-16',
    'c2006',
    '2006.0',
    '2006',
  ]
  for (const date of dates) assert.equal(yearIn(date), 2006, date)
  assert.equal(yearIn('-750.0'), -750)
  assert.equal(yearIn('98'), 98)
  assert.equal(yearIn('20060916'), null)
})

test('a row with two titles is found by either, and still after somebody edited it', async () => {
  await using db = await scratchDatabase()
  await using files = await scratchFolder()
  const text =
    'id,original_title,title\n1,Преступление и наказание,"Crime and Punishment, #1"\n2,Emma,Emma\n3,,Omoo\n'
  await imported(db, await files.file('a.csv', text))
  const found = async (query: string) => {
    const answer = await search(db, { query })
    return answer.outcome === 'found' ? answer.titles.map(({ title }) => title) : answer.refused
  }
  assert.deepEqual(await found('crime punishment'), ['Преступление и наказание'])
  assert.deepEqual(await found('наказание'), ['Преступление и наказание'])
  assert.deepEqual(await found('omoo'), ['Omoo'])
  const [{ id: titleId = 0 } = {}] = await db.rows<{ id: number }>(sql`
    select id from title where control_number = '1'
  `)
  const by = { actor: 'staff:1', key: 'mend', occurredAt: clock(), instance: 'test' }
  await write(db, by, editTitle, { titleId, version: 1, fields: { subtitle: 'роман' } })
  assert.deepEqual(await found('crime punishment'), ['Преступление и наказание'])
})
