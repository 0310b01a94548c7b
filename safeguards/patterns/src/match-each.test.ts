import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decided } from '../test/decided.ts'
import { beginning, registeredBefore, startPatterns } from './patterns.ts'

const patient = { budgetMs: 20_000, analyser: { limitMs: 20_000 } }
const stored = (source: string) => registeredBefore({ source, flags: '' })

test('of many texts each is told what one alone would be told, in their order', async () => {
  await using patterns = await startPatterns(patient)
  const pattern = stored('nr (\\d+)')
  const texts = Array.from({ length: 2_500 }, (_, n) => (n % 3 === 0 ? `nr ${n}` : `no ${n}`))
  const found = await patterns.matchEach([pattern], texts, { groups: true })
  assert.deepEqual(
    found,
    texts.map((text, n) =>
      n % 3 === 0
        ? { outcome: 'matched', pattern: 0, groups: [text, String(n)] }
        : { outcome: 'not-matched' },
    ),
  )
  assert.deepEqual(await patterns.matchEach([pattern], []), [])
})

test('of several patterns the first that matches counts', async () => {
  await using patterns = await startPatterns(patient)
  const ranges = ['51', '5', '8'].map((source) => stored(beginning(source)))
  const found = await patterns.matchEach(ranges, ['510', '590', '813', '95', '1510'])
  assert.deepEqual(
    found.map((each) => ('pattern' in each ? each.pattern : each)),
    [0, 1, 2, { outcome: 'not-matched' }, { outcome: 'not-matched' }],
  )
})

test('a text that is too long is refused alone, and a pattern over the caps refuses all', async () => {
  await using patterns = await startPatterns(patient)
  const found = await patterns.matchEach([stored('a')], ['a', 'a'.repeat(2_001), 'b'])
  assert.deepEqual(
    found.map((each) => ('refused' in each ? each.refused : each.outcome)),
    ['matched', 'input-too-long', 'not-matched'],
  )
  const capped = await patterns.matchEach([stored('a'), stored('(?:a?){1000}')], ['a', 'b'])
  assert.deepEqual(
    capped.map((each) => 'refused' in each && each.refused),
    ['pattern-too-large', 'pattern-too-large'],
  )
})

test('one text that is over budget takes no other with it', async () => {
  const caps = { repeatCount: 1_000, writtenOut: 10_000, inputCharacters: 100_000 }
  await using patterns = await startPatterns({ caps, budgetMs: 400, threads: 1 })
  const slow = stored('(?:a?){1000}a{1000}$')
  const texts = ['b', 'a'.repeat(90_000), 'c']
  const told = await decided(async () => {
    const found = await patterns.matchEach([slow], texts)
    return found.find((each) => 'refused' in each) ?? { found }
  })
  assert.ok('found' in told, JSON.stringify(told))
  assert.deepEqual(
    told.found.map((each) => 'outcome' in each && each.outcome),
    ['not-matched', 'over-budget', 'not-matched'],
  )
})

test('a pattern that a text must begin with is found at its beginning only, and its groups are counted', async () => {
  await using patterns = await startPatterns(patient)
  const taken = await patterns.registerBeginning('5\\d\\d(\\.\\d+)?.*')
  assert.ok('registered' in taken, JSON.stringify(taken))
  assert.equal(taken.groups, 1)
  assert.deepEqual(await patterns.match(taken.registered, '512.4 ABC'), { outcome: 'matched' })
  assert.deepEqual(await patterns.match(taken.registered, '813 512'), { outcome: 'not-matched' })
  const refused = await patterns.registerBeginning('a)|(b')
  assert.ok('refused' in refused && refused.refused === 'pattern-malformed')
})
