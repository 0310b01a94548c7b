import assert from 'node:assert/strict'
import { test } from 'node:test'
import { searchable, someTitles } from '../../test/searchable.ts'
import { openPool } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { neighbours, seriesPlace } from './title-series.ts'

test('the number of a title in its series is read as catalogues write it, and none is made up', () => {
  const written: readonly [string, string, number | null][] = [
    ['Discworld ; 4', 'Discworld', 4],
    ['Discworld ; v. 12.', 'Discworld', 12],
    ['Foundation, Bd. 2', 'Foundation', 2],
    ['The Expanse (#3)', 'The Expanse', 3],
    ['Серия ; т. 7', 'Серия', 7],
    ['Penguin 60s', 'Penguin 60s', null],
    ['Catch 22', 'Catch 22', null],
    ['Series ; A', 'Series ; A', null],
    ['; 3', '; 3', null],
    ['', '', null],
  ]
  for (const [text, name, number] of written) assert.deepEqual(seriesPlace(text), { name, number }, text)
})

test('a title has its nearest neighbours in the series, whatever else has its words', async () => {
  await using library = await searchable()
  const [third = 0] = await someTitles(library.db, [
    { title: 'Equal Rites', series: ['Discworld ; 3'] },
    { title: 'The Colour of Magic', series: ['Discworld ; 1'] },
    { title: 'Mort', series: ['Other', 'DISCWORLD, v. 4'] },
    { title: 'Sourcery', series: ['Discworld ; 5'] },
    { title: 'Guide to Discworld', series: ['Discworld guides ; 2'] },
    { title: 'Discworld' },
  ])
  // Connected before: they do not wait long for it.
  await library.searchDb.rows(sql`select`)
  const found = await neighbours(library.searchDb, { titleId: third, series: ['Discworld ; 3'] })
  assert.equal(found?.before?.title, 'The Colour of Magic')
  assert.equal(found?.after?.title, 'Mort')
  assert.equal(await neighbours(library.searchDb, { titleId: third, series: ['Discworld'] }), undefined)
})

test('a title has no neighbours while the search is busy or out of reach, and nobody waits for them', async () => {
  await using library = await searchable({ connectionsMax: 1 })
  const asked = { titleId: 1, series: ['Discworld ; 3'] }
  await library.searchDb.withConnection(async () =>
    assert.equal(await neighbours(library.searchDb, asked), undefined),
  )
  assert.deepEqual(await neighbours(library.searchDb, asked), {
    name: 'Discworld',
    before: undefined,
    after: undefined,
  })
  await using nowhere = openPool({
    connection: 'postgres://nobody@127.0.0.1:1/nothing',
    name: 'search',
    connectionsMax: 1,
    statementLimitMs: 500,
  })
  assert.equal(await neighbours(nowhere, asked), undefined)
})
