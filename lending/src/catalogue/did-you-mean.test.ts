import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { searchable, someTitles } from '../../test/searchable.ts'
import { likeWords } from './did-you-mean.ts'
import { search } from './search.ts'
import { searchConnection } from './search-connection.ts'

test('a misspelt word that finds nothing is answered with what may have been meant', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Hamlet', authors: ['Shakespeare, William'] },
    { title: 'Harry Potter' },
    { title: 'Dune' },
    { title: 'Преступление и наказание' },
    { title: 'Hamster care' },
  ])
  const meant = async (query: string) => {
    const answer = await search(library.searchDb, { query })
    return answer.outcome === 'found' ? answer.didYouMean?.[0] : answer.refused
  }
  assert.equal(await meant('shakespere'), 'shakespeare')
  assert.equal(await meant('hary poter'), 'harry potter')
  assert.equal(await meant('dnue'), 'dune')
  assert.equal(await meant('преступленье'), 'преступление')
  assert.equal(await meant('hamlte shakespeare'), 'hamlet shakespeare')
  assert.equal(await meant('qqqqqqqq'), undefined)
})

test('the likelier word is the one that more titles have', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Cart' },
    ...Array.from({ length: 9 }, (_, n) => ({ title: `Cast ${n}` })),
  ])
  assert.deepEqual((await likeWords(library.db, 'caxt')).slice(0, 2), ['cast', 'cart'])
})

test('a search that finds enough offers no other spelling', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Bee 1' },
    { title: 'Bee 2' },
    { title: 'Bee 3' },
    { title: 'Beef' },
  ])
  const answer = await search(library.searchDb, { query: 'bee' })
  assert.equal(answer.outcome === 'found' && answer.didYouMean, undefined)
})

const goodbooks = new URL('../../../../shared/data/csv/goodbooks10k_books.csv.gz', import.meta.url)

test('of 150 words with a slip, nine in ten are in the first five', {
  skip: existsSync(goodbooks) ? false : 'the sets in ../shared/data are not there',
}, async (t) => {
  const names = [
    ...gunzipSync(readFileSync(goodbooks))
      .toString('utf8')
      .matchAll(/^\d+,(?:[^,\n]*,){6}("[^"\n]*"|[^,\n]*),[^,\n]*,("[^"\n]*"|[^,\n]*),/gm),
  ]
  const titles = names.slice(0, 4_000).map(([, authors, title]) => ({
    title: title?.replaceAll('"', '') || 'Untitled',
    authors: [authors?.replaceAll('"', '') ?? ''],
  }))
  assert.ok(titles.length === 4_000)
  await using library = await searchable()
  await someTitles(library.db, titles)
  const words = titles.flatMap(({ title }) => title.toLowerCase().match(/\b[a-z]{5,}\b/g) ?? [])
  const meant = Array.from({ length: 150 }, (_, n) => words[(n * 97) % words.length] ?? '')
  let first = 0
  let inFive = 0
  const missed: string[] = []
  for (const [n, word] of meant.entries()) {
    const guesses = await searchConnection(library.searchDb, (db) => likeWords(db, slip(word, n)))
    if (guesses[0] === word) first += 1
    if (guesses.includes(word)) inFive += 1
    else missed.push(`${slip(word, n)} (${word})`)
  }
  t.diagnostic(`first: ${first} of 150; in the first five: ${inFive} of 150; missed: ${missed.join(', ')}`)
  assert.ok(inFive >= 135, `${inFive} of 150`)
})

/** One slip, or in every fifth word two: a letter left out, doubled, wrong, or two swapped. */
function slip(word: string, n: number): string {
  const at = 1 + ((n * 7) % (word.length - 2))
  const [before, here, next, after] = [
    word.slice(0, at),
    word[at] ?? '',
    word[at + 1] ?? '',
    word.slice(at + 2),
  ]
  const wrong = String.fromCharCode(97 + ((n * 11) % 26))
  const slips = [
    before + next + after,
    before + here + here + next + after,
    before + wrong + next + after,
    before + next + here + after,
  ]
  const once = slips[n % slips.length] ?? word
  return n % 5 === 0 ? `${once.slice(0, -1)}${once.at(-1) === 'e' ? 'a' : 'e'}` : once
}
