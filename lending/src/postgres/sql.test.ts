import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { joined, type Sql, sql } from './sql.ts'

test('a value is a parameter, whatever it says', () => {
  const { text, values } = sql`select ${'; drop table loan --'} as a, ${null} as b`
  assert.equal(text, 'select $1 as a, $2 as b')
  assert.deepEqual(values, ['; drop table loan --', null])
})

test('an object that only looks like a statement is a value', () => {
  const { text } = sql`select ${{ text: 'now()', values: [] }}`
  assert.equal(text, 'select $1')
})

test('parts keep their own values, in order, however deep', () => {
  const inner = sql`b = ${2} and c = ${3}`
  const { text, values } = sql`a = ${1} and ${inner} and d = ${4} and ${joined([inner, sql`true`], ' or ')}`
  assert.equal(text, 'a = $1 and b = $2 and c = $3 and d = $4 and b = $5 and c = $6 or true')
  assert.deepEqual(values, [1, 2, 3, 4, 2, 3])
})

test('one template put together in turn from parts, from nothing and from values gives each its own text', () => {
  const ask = (part: unknown): Sql => sql`select ${part} ${7}`
  const ways: [unknown, string, unknown[]][] = [
    [sql`now()`, 'select now() $1', [7]],
    [sql``, 'select  $1', [7]],
    ['$', 'select $1 $2', ['$', 7]],
    [sql`x = ${1}`, 'select x = $1 $2', [1, 7]],
    [5, 'select $1 $2', [5, 7]],
  ]
  for (const _ of [1, 2]) {
    for (const [part, text, values] of ways) {
      const made = ask(part)
      assert.equal(made.text, text)
      assert.deepEqual(made.values, values)
    }
  }
})

test('any text comes back from the server as it was sent', async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const letters = fc
    .string({ unit: 'binary' })
    .filter((text) => !text.includes('\u0000') && text.isWellFormed())
  await fc.assert(
    fc.asyncProperty(letters, fc.boolean(), async (text, nested) => {
      const part = nested ? sql`${text}::text` : text
      const [row] = await db.rows<{ said: string }>(sql`select ${part} as said`)
      assert.equal(row?.said, text)
    }),
    { numRuns: 200 },
  )
})
