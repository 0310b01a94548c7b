import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { searchable, someTitles } from '../../test/searchable.ts'
import { suggest } from './suggest.ts'

const author = (text: string) => ({ text, kind: 'author' })
const title = (text: string) => ({ text, kind: 'title' })

test('while somebody types, titles that begin so come first, the most lent before, and authors with them', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'The Left Hand of Darkness', authors: ['Le Guin, Ursula K.'], loansCount: 5 },
    { title: 'The Left Bank', authors: ['Rhys, Jean'], loansCount: 9 },
    { title: 'What was left', authors: ['Nobody'], loansCount: 99 },
    { title: 'Élan', authors: ['Leftwich, Ann'] },
  ])
  assert.deepEqual(await suggest(library.searchDb, 'the le', 5), [
    title('The Left Bank'),
    title('The Left Hand of Darkness'),
  ])
  assert.deepEqual(await suggest(library.searchDb, 'lef', 5), [
    author('Leftwich, Ann'),
    title('What was left'),
    title('The Left Bank'),
    title('The Left Hand of Darkness'),
  ])
  assert.deepEqual(await suggest(library.searchDb, 'ursula le g', 5), [author('Le Guin, Ursula K.')])
  assert.deepEqual(await suggest(library.searchDb, 'ELA', 5), [title('Élan')])
  assert.deepEqual(await suggest(library.searchDb, 'lef', 2), [
    author('Leftwich, Ann'),
    title('What was left'),
  ])
})

test('a title that stands in the catalogue twice is suggested once', async () => {
  await using library = await searchable()
  await someTitles(library.db, [{ title: 'Poems' }, { title: 'Poems.' }, { title: 'POEMS' }])
  assert.equal((await suggest(library.searchDb, 'poem', 5)).length, 1)
})

test('any text has suggestions or none, and never more than asked', async () => {
  await using library = await searchable()
  await someTitles(library.db, [{ title: 'a b' }, { title: '源氏' }])
  await fc.assert(
    fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 120 }), fc.integer(), async (text, limit) => {
      assert.ok((await suggest(library.searchDb, text, limit)).length <= 2)
    }),
    { numRuns: 200 },
  )
})
