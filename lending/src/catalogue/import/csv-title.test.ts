import assert from 'node:assert/strict'
import { test } from 'node:test'
import { rowReader } from './csv-title.ts'

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
  ]
  for (const name of names) {
    assert.deepEqual(authorsIn('author', name), [name])
    assert.deepEqual(authorsIn('authors', name), [name])
  }
  assert.deepEqual(authorsIn('author', 'García Márquez, Gabriel José'), ['García Márquez, Gabriel José'])
})

test('whole names between commas are several authors where the column promises several', () => {
  assert.deepEqual(authorsIn('authors', 'J.K. Rowling, Mary GrandPré'), ['J.K. Rowling', 'Mary GrandPré'])
  assert.deepEqual(authorsIn('Creators', 'Kurt Vonnegut Jr., Suzanne McConnell'), [
    'Kurt Vonnegut Jr.',
    'Suzanne McConnell',
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
