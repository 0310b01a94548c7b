import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { aBranch, aCopy, anItemType, aSmallLibrary } from '../../test/library-fixtures.ts'
import { searchable, someTitles } from '../../test/searchable.ts'
import type { Database } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type SearchAnswer, type SearchAsk, search } from './search.ts'

type Found = Extract<SearchAnswer, { outcome: 'found' }>

async function found(searchDb: Database, ask: SearchAsk | string): Promise<Found> {
  const answer = await search(searchDb, typeof ask === 'string' ? { query: ask } : ask)
  assert.equal(answer.outcome, 'found', JSON.stringify([ask, answer]))
  return answer as Found
}

const titlesOf = async (searchDb: Database, ask: SearchAsk | string) =>
  (await found(searchDb, ask)).titles.map(({ title }) => title)

test('a title is found whatever the case, the accents and the script it is typed in', async () => {
  await using library = await searchable()
  const pairs = [
    ['Les Misérables', 'les miserables'],
    ['Война и мир', 'ВОЙНА И МИР'],
    ['Ὀδύσσεια', 'οδυσσεια'],
    ['שָׁלוֹם עֲלֵיכֶם', 'שלום עליכם'],
    ['كِتَاب الأغاني', 'كتاب الاغاني'],
    ['गोदान', 'गोदान'],
    ['สี่แผ่นดิน', 'แผ่นดิน'],
    ['源氏物語', '氏物'],
    ['나의 한국어 책', '한국어'],
    ['Ոսկե ձուկ', 'ՈՍԿԵ ՁՈՒԿ'],
    ['İstanbul Hatırası', 'ISTANBUL hatirasi'],
    ['Große Straßen', 'grosse strassen'],
    ["Charlotte's Web", 'charlotte’s web'],
    ['C++ for All 😀', 'c++'],
    ['The ﬁne Art of Naming', 'fine art'],
  ] as const
  await someTitles(library.db, [...pairs.map(([title]) => ({ title })), { title: 'Something else' }])
  for (const [title, typed] of pairs)
    assert.deepEqual(await titlesOf(library.searchDb, typed), [title], typed)
  assert.deepEqual(await titlesOf(library.searchDb, '😀'), ['C++ for All 😀'])
})

test('a title is found by author, subject, series, year and ISBN, of ten digits or thirteen', async () => {
  await using library = await searchable()
  const crime = {
    title: 'Crime and Punishment',
    authors: ['Dostoyevsky, Fyodor'],
    subjects: ['Murder -- Fiction'],
    series: ['Everyman’s Library'],
    publishedYear: 1866,
    isbns: ['9780140449136'],
  }
  await someTitles(library.db, [crime, { title: 'Another' }])
  for (const query of [
    'dostoyevsky',
    'fyodor crime',
    'murder',
    'everymans library',
    'punishment 1866',
    '9780140449136',
    '978-0-14-044913-6',
    '0140449132',
    '0-14-044913-2',
    'isbn 0-14-044913-2',
    // The SBN of before 1974, without the first zero.
    '140449132',
    '14-044913-2',
  ]) {
    assert.deepEqual(await titlesOf(library.searchDb, query), ['Crime and Punishment'], query)
  }
})

test('a name with a number is found with its dash and without', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Catch-22' },
    { title: 'COVID‑19 explained' },
    { title: 'Windows95' },
  ])
  for (const [query, title] of [
    ['catch22', 'Catch-22'],
    ['Catch-22', 'Catch-22'],
    ['catch 22', 'Catch-22'],
    ['covid19', 'COVID‑19 explained'],
    ['windows-95', 'Windows95'],
    ['windows 95', 'Windows95'],
  ] as const) {
    assert.deepEqual(await titlesOf(library.searchDb, query), [title], query)
  }
})

test('no letter is a pattern: % and _ and .* and \\ find themselves or nothing', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'ab' },
    { title: 'a b' },
    { title: 'acb' },
    { title: '100% wool' },
    { title: '1000 wool' },
  ])
  for (const query of ['%', '_', '.*', '\\', '%%%', '-', "''", '?!', '']) {
    assert.deepEqual(
      await search(library.searchDb, { query }),
      { outcome: 'refused', refused: 'query-empty' },
      query,
    )
  }
  assert.deepEqual(await titlesOf(library.searchDb, 'a%b'), ['a b'])
  assert.deepEqual(await titlesOf(library.searchDb, 'a_b'), ['a b'])
  assert.deepEqual(await titlesOf(library.searchDb, 'a.*b'), ['a b'])
  assert.deepEqual(await titlesOf(library.searchDb, '100% wool'), ['100% wool'])
  assert.deepEqual(await titlesOf(library.searchDb, { query: '100_wool', mode: 'substring' }), ['100% wool'])
  assert.deepEqual(await titlesOf(library.searchDb, { query: '100%', mode: 'substring' }), [
    '100% wool',
    '1000 wool',
  ])
})

test('or, and, not and quotes are words like any other', async () => {
  await using library = await searchable()
  await someTitles(library.db, [{ title: 'Either or and not' }, { title: 'Either' }, { title: 'Not' }])
  assert.deepEqual(await titlesOf(library.searchDb, 'either or not'), ['Either or and not'])
  assert.deepEqual(await titlesOf(library.searchDb, '"either" -not'), ['Either or and not'])
})

test('any text at all gets a result or a refusal, in both ways of searching', async () => {
  await using library = await searchable()
  await someTitles(library.db, [{ title: 'a' }, { title: "it's 100% \\ _ 源氏 😀" }])
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 120 }),
    fc.string({ unit: 'grapheme', maxLength: 120 }),
    fc
      .array(
        fc.constantFrom(
          '%',
          '_',
          '\\',
          "'",
          '"',
          ':*',
          '&',
          '|',
          '!',
          '(',
          ')',
          '<->',
          ' ',
          'a',
          '源',
          '\u0000',
          '\ud800',
          '$1',
          '--',
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
  )
  await fc.assert(
    fc.asyncProperty(text, fc.constantFrom('words' as const, 'substring' as const), async (query, mode) => {
      const answer = await search(library.searchDb, { query, mode, facets: true })
      if (answer.outcome === 'refused') {
        assert.ok(['query-empty', 'query-too-long', 'query-control-character'].includes(answer.refused))
      } else {
        assert.ok(answer.counted <= 2)
      }
    }),
    { numRuns: 400 },
  )
})

test('a query is refused when it is empty, over 100 characters or holds a control character', async () => {
  await using library = await searchable()
  const refusal = async (query: string) => {
    const answer = await search(library.searchDb, { query })
    return answer.outcome === 'refused' ? answer.refused : 'found'
  }
  assert.equal(await refusal('字'.repeat(100)), 'found')
  assert.equal(await refusal('😀'.repeat(100)), 'found')
  assert.equal(await refusal('a'.repeat(101)), 'query-too-long')
  assert.equal(await refusal('a'.repeat(1_000_000)), 'query-too-long')
  for (const character of ['\u0000', '\n', '\t', '\u007f', '\u0085']) {
    assert.equal(await refusal(`a${character}b`), 'query-control-character')
  }
  assert.equal(await refusal(' \u00a0 '), 'query-empty')
})

test('a query of signs alone never reaches the database', async () => {
  const nowhere = { withConnection: () => Promise.reject(new Error('reached')) } as unknown as Database
  assert.deepEqual(await search(nowhere, { query: '%_.*' }), { outcome: 'refused', refused: 'query-empty' })
})

test('the exact title comes first, then titles that begin so, then words of the title or the author, then the rest', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'A companion', subjects: ['Dune'], loansCount: 900 },
    { title: 'Children of Dune', loansCount: 500 },
    { title: 'Sand', authors: ['Dune, Peter'], loansCount: 600 },
    { title: 'Dune Messiah', loansCount: 2 },
    { title: 'Dune', loansCount: 1 },
    { title: 'Dunes', loansCount: 5_000 },
    { title: 'Walks', subjects: ['Dunes'], loansCount: 9_000 },
  ])
  assert.deepEqual(await titlesOf(library.searchDb, 'dune'), [
    'Dune',
    'Dune Messiah',
    'Sand',
    'Children of Dune',
    'A companion',
    'Dunes',
    'Walks',
  ])
})

test('among equals the more lent comes first, then the newer', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'On bees 1', publishedYear: 1990 },
    { title: 'On bees 2', publishedYear: 2020 },
    { title: 'On bees 3', publishedYear: 1900, loansCount: 3 },
    { title: 'On bees 4', publishedYear: null },
  ])
  assert.deepEqual(await titlesOf(library.searchDb, 'bees'), [
    'On bees 3',
    'On bees 2',
    'On bees 1',
    'On bees 4',
  ])
})

test('the last word may go on where little is found, and a whole word always comes before', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Harry Potter', loansCount: 99 },
    { title: 'Pot and pan' },
    { title: 'Of harps' },
  ])
  assert.deepEqual(await titlesOf(library.searchDb, 'pot'), ['Pot and pan', 'Harry Potter'])
  assert.deepEqual(await titlesOf(library.searchDb, 'harry po'), ['Harry Potter'])
  assert.deepEqual(await titlesOf(library.searchDb, 'harr pot'), [])
})

test('parts of words are found where they are asked for, from three letters', async () => {
  await using library = await searchable()
  await someTitles(library.db, [
    { title: 'Harry Potter', loansCount: 1 },
    { title: 'Otters', authors: ['X'] },
    { title: 'Z', isbns: ['9780140449136'] },
  ])
  const parts = (query: string) => titlesOf(library.searchDb, { query, mode: 'substring' })
  assert.deepEqual(await titlesOf(library.searchDb, 'otter'), ['Otters'])
  assert.deepEqual(await parts('OTTÉR'), ['Otters', 'Harry Potter'])
  assert.deepEqual(await parts('rry pot'), ['Harry Potter'])
  assert.deepEqual(await parts('140449'), ['Z'])
  assert.deepEqual(await search(library.searchDb, { query: 'ot', mode: 'substring' }), {
    outcome: 'refused',
    refused: 'query-empty',
  })
})

test('a deleted title is not found', async () => {
  await using library = await searchable()
  const [first] = await someTitles(library.db, [{ title: 'Gone' }, { title: 'Gone too' }])
  await library.db.rows(sql`update title set deleted_at = now() where id = ${first}`)
  assert.deepEqual(await titlesOf(library.searchDb, 'gone'), ['Gone too'])
  assert.deepEqual(await titlesOf(library.searchDb, { query: 'gone', mode: 'substring' }), ['Gone too'])
})

test('copies are counted for a result, and only free ones are available', async () => {
  await using library = await searchable()
  const { db, searchDb } = library
  const small = await aSmallLibrary(db)
  const [titleId] = await someTitles(db, [{ title: 'Copied', isbns: ['9780140449136'] }])
  const at = { ...small, titleId: titleId ?? 0 }
  const copies = []
  for (let n = 0; n < 3; n++)
    copies.push(await aCopy(db, { branchId: at.branchId, itemTypeId: at.itemTypeId, titleId: at.titleId }))
  const more = { branchId: at.branchId, itemTypeId: at.itemTypeId, titleId: at.titleId }
  await aCopy(db, { ...more, withdrawnBecause: 'torn' })
  await aCopy(db, { ...more, lendable: false })
  await db.rows(sql`
    insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
    values (${copies[0]?.copyId}, ${at.patronId}, ${at.categoryId}, ${at.branchId}, ${at.ruleId}, now(), now())
  `)
  await db.rows(sql`
    insert into hold (title_id, patron_id, pickup_branch_id, state, placed_at, copy_id)
    values (${at.titleId}, ${at.patronId}, ${at.branchId}, 'on-shelf', now(), ${copies[1]?.copyId})
  `)
  const { titles } = await found(searchDb, 'copied')
  assert.deepEqual(titles, [
    {
      titleId,
      title: 'Copied',
      subtitle: '',
      authors: [],
      publishedYear: null,
      language: '',
      material: 'book',
      isbns: ['9780140449136'],
      isbn: '9780140449136',
      places: [{ branchId: small.branchId, copies: 4, available: 1 }],
      copies: 4,
      available: 1,
    },
  ])
})

test('filters hold together, and facets count what was found', async () => {
  await using library = await searchable()
  const { db, searchDb } = library
  const [north, south] = [await aBranch(db, { name: 'North' }), await aBranch(db, { name: 'South' })]
  const itemType = await anItemType(db)
  const ids = await someTitles(db, [
    { title: 'Birds one', language: 'eng', publishedYear: 1985, material: 'book' },
    { title: 'Birds two', language: 'fre', publishedYear: 1985, material: 'book' },
    { title: 'Birds three', language: 'eng', publishedYear: 2021, material: 'audio' },
    { title: 'Birds four', language: 'eng', publishedYear: 1850, material: 'book' },
    { title: 'Fish', language: 'eng', publishedYear: 1985, material: 'book' },
  ])
  const copy = (at: number, branchId: number, lendable = true) =>
    aCopy(db, { titleId: ids[at] ?? 0, branchId, lendable, ...itemType })
  await copy(0, north.branchId)
  await copy(0, south.branchId, false)
  await copy(1, south.branchId)
  await copy(2, south.branchId, false)
  const titles = (over: Omit<SearchAsk, 'query'>) => titlesOf(searchDb, { query: 'birds', ...over })
  const { facets } = await found(searchDb, { query: 'birds', facets: true })
  assert.deepEqual(facets, {
    branch: [
      { value: String(south.branchId), label: 'South', count: 3 },
      { value: String(north.branchId), label: 'North', count: 1 },
    ],
    availability: [{ value: 'available', label: 'available', count: 2 }],
    language: [
      { value: 'eng', label: 'English', count: 3 },
      { value: 'fre', label: 'French', count: 1 },
    ],
    year: [
      { value: '2020-', label: '2020-', count: 1 },
      { value: '1980-1999', label: '1980-1999', count: 2 },
      { value: '-1899', label: '-1899', count: 1 },
    ],
    material: [
      { value: 'book', label: 'book', count: 3 },
      { value: 'audio', label: 'audio', count: 1 },
    ],
  })
  assert.deepEqual(await titles({ language: 'fre' }), ['Birds two'])
  assert.deepEqual(await titles({ material: 'audio' }), ['Birds three'])
  assert.deepEqual(await titles({ year: { from: 1981, to: 1985 } }), ['Birds one', 'Birds two'])
  assert.deepEqual(await titles({ year: { from: 1986 } }), ['Birds three'])
  assert.deepEqual(await titles({ year: { to: 1984 } }), ['Birds four'])
  assert.deepEqual(await titles({ branchId: south.branchId }), ['Birds three', 'Birds one', 'Birds two'])
  assert.deepEqual(await titles({ branchId: south.branchId, available: true }), ['Birds two'])
  assert.deepEqual(await titles({ available: true, language: 'eng' }), ['Birds one'])
  assert.deepEqual(await titles({ mode: 'substring', available: true, language: 'eng' }), ['Birds one'])
  assert.deepEqual(await titles({ branchId: 1 }), [])
})
