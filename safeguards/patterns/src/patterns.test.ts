import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decided } from '../test/decided.ts'
import { countTurns } from '../test/held.ts'
import { registeredBefore, startPatterns, whole } from './patterns.ts'

const patient = { budgetMs: 20_000, analyser: { limitMs: 20_000 } }
const blowUp = registeredBefore({ source: '(?:a?){1000}a{1000}$', flags: '' })

test('a pattern that was taken finds what it says, and gives its groups', async () => {
  await using patterns = await startPatterns(patient)
  const taken = await patterns.register('^(?<class>\\d{3})(?:\\.(\\d+))? ([A-Z]{3})$')
  assert.ok('registered' in taken)
  assert.deepEqual(await patterns.match(taken.registered, '813.54 SAL', { groups: true }), {
    outcome: 'matched',
    groups: ['813.54 SAL', '813', '54', 'SAL'],
  })
  assert.deepEqual(await patterns.match(taken.registered, '813 SAL', { groups: true }), {
    outcome: 'matched',
    groups: ['813 SAL', '813', null, 'SAL'],
  })
  assert.deepEqual(await patterns.match(taken.registered, '813 Sal'), { outcome: 'not-matched' })
})

test('flags and letters of all scripts count', async () => {
  await using patterns = await startPatterns(patient)
  const taken = await patterns.register('^\\p{L}+\\u2019s$', 'i')
  assert.ok('registered' in taken)
  assert.deepEqual(await patterns.match(taken.registered, 'ÉmileŁ’S'), { outcome: 'matched' })
  assert.deepEqual(await patterns.match(taken.registered, '3’s'), { outcome: 'not-matched' })
})

test('a vulnerable pattern is not taken, and the refusal shows the attack', async () => {
  await using patterns = await startPatterns(patient)
  for (const source of ['(a+)+$', '(?:(?:"|\\d|.*)+.*=.*)', '^(\\w+\\s?)*$']) {
    const refused = await patterns.register(source)
    assert.ok('refused' in refused && refused.refused === 'pattern-vulnerable', source)
    assert.ok((refused.attack?.length ?? 0) > 10)
    assert.ok(refused.attackInShort)
  }
})

test('a pattern is analysed as it will be read: in any case where it asks for that, and by the letters of all scripts', async () => {
  await using patterns = await startPatterns(patient)
  const decide = async (source: string, flags: string) => {
    const told = await patterns.register(source, flags)
    return 'refused' in told ? told.refused : 'taken'
  }
  assert.equal(await decide('^(?:a|A)+$', ''), 'taken')
  assert.equal(await decide('^(?:a|A)+$', 'i'), 'pattern-vulnerable')
  assert.equal(await decide('^(?:\\p{L}|x)+$', ''), 'pattern-vulnerable')
})

test('a pattern that nobody could decide on is not taken', async () => {
  await using patterns = await startPatterns({ ...patient, analyser: { limitMs: 1 } })
  const refused = await decided(() => patterns.register('^(?:[a-z]{1,40}x?){1,10}$'))
  assert.ok('refused' in refused && refused.refused === 'pattern-undecided')
  await using full = await startPatterns({ ...patient, analyser: { queueMost: 0 } })
  const alike = await full.register('^a$')
  assert.ok('refused' in alike && alike.refused === 'busy')
})

test('the caps hold when a pattern is registered and again when it is run', async () => {
  await using patterns = await startPatterns(patient)
  const refused = await patterns.register(blowUp.source)
  assert.ok('refused' in refused && refused.refused === 'pattern-too-large')
  const stored = await patterns.match(blowUp, 'a'.repeat(2_000))
  assert.ok('refused' in stored && stored.refused === 'pattern-too-large')
  const long = await patterns.match(registeredBefore({ source: 'a', flags: '' }), 'a'.repeat(2_001))
  assert.ok('refused' in long && long.refused === 'input-too-long')
})

test('the deadline holds where caps were set too high', async () => {
  const caps = { repeatCount: 1_000, writtenOut: 10_000, inputCharacters: 100_000 }
  await using patterns = await startPatterns({ caps, budgetMs: 150, threads: 1 })
  using loop = countTurns()
  const judged = await decided(() => patterns.match(blowUp, 'a'.repeat(100_000), { groups: true }))
  assert.deepEqual(judged, { outcome: 'over-budget' })
  assert.ok(loop.turns() > 20, `this thread turned ${loop.turns()} times only`)
})

test('what the engine refuses is a sentence, not a fault', async () => {
  await using patterns = await startPatterns(patient)
  const refused = await patterns.register('[a-\\d]')
  assert.ok('refused' in refused && refused.refused === 'pattern-malformed')
  assert.match(refused.says, /^This is not a pattern: /)
})

test('a pattern for whole texts matches no part of one, and cannot break out of its brackets', async () => {
  await using patterns = await startPatterns(patient)
  const taken = await patterns.registerWhole('a|ab')
  assert.ok('registered' in taken)
  assert.equal(taken.registered.source, whole('a|ab'))
  assert.deepEqual(await patterns.match(taken.registered, 'ab'), { outcome: 'matched' })
  assert.deepEqual(await patterns.match(taken.registered, 'abc'), { outcome: 'not-matched' })
  const refused = await patterns.registerWhole('a)|(b')
  assert.ok('refused' in refused && refused.refused === 'pattern-malformed')
})
