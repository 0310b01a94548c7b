import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultCaps } from './caps.ts'
import { needsUnicode, patternRefusal } from './structure.ts'

const refusal = (source: string, flags = '') => patternRefusal(source, flags, defaultCaps)

test('what a library writes is within the caps', () => {
  for (const source of [
    '^[0-9]{14}$',
    '^(?:P|S)-?\\d{4,8}$',
    '^(?<class>\\d{3})(?:\\.(?<part>\\d{1,12}))?\\s+(?<author>[A-Z]{3})$',
    '^\\p{Lu}[\\p{L}\\u2019 -]{0,80}$',
    '^(?:[A-Z]{2}(?:-[0-9]{1,4}){1,3}){1,4}$',
    '[]-a]'.replace('[]', '[\\]'),
    '\\$\\{\\}\\/\\-a*?b+?c??d{2}?',
  ])
    assert.equal(refusal(source), undefined, source)
})

test('each cap refuses on its own what is one above it', () => {
  const cases: readonly [fits: string, over: string][] = [
    ['a'.repeat(500), 'a'.repeat(501)],
    ['a{250}', 'a{251}'],
    ['a{0,250}', 'a{0,251}'],
    ['(?:a{100}){10}', '(?:a{100}b){10}'],
    ['(?:a{100}|b{100}){5}', '(?:a{100}|b{101}){5}'],
    ['(?:(?:a+b)*c){2}', '(?:(?:(?:a+b)*c){2}d)+'],
    [`${'('.repeat(20)}a${')'.repeat(20)}`, `${'('.repeat(21)}a${')'.repeat(21)}`],
    ['\\p{L}{125}', '\\p{L}{126}'],
    ['[\\p{L}x]{111}', '[\\p{L}x]{112}'],
  ]
  for (const [fits, over] of cases) {
    assert.equal(refusal(fits), undefined, fits)
    assert.equal(refusal(over)?.refused, 'pattern-too-large', over)
  }
})

test('counts beside each other are added up, not only those within each other', () => {
  assert.equal(refusal('a{200}b{200}c{200}d{200}e{200}'), undefined)
  assert.equal(refusal('a{200}b{200}c{200}d{200}e{201}')?.refused, 'pattern-too-large')
  assert.equal(refusal('(?:a?){1000}a{1000}$')?.refused, 'pattern-too-large')
})

test('what only a backtracking engine has is refused at its place, and the sentence says what to write instead', () => {
  const cases: readonly [source: string, at: number, says: RegExp][] = [
    ['a(?=b)', 1, /two patterns that must both hold/],
    ['a(?!b)', 1, /two patterns that must both hold/],
    ['(?<=a)b', 0, /put what you want in a group/],
    ['(?<!a)b', 0, /put what you want in a group/],
    ['(a|b)\\1', 5, /Write the alternatives out/],
    ['(?<x>a)\\k<x>', 7, /Write the alternatives out/],
    ['(?>a)', 0, /Write \(\?:/],
    ['a++', 2, /Write a\+/],
    ['(?i)a', 0, /Set the flag on the whole pattern/],
  ]
  for (const [source, at, says] of cases) {
    const refused = refusal(source)
    assert.equal(refused?.refused, 'pattern-not-supported', source)
    assert.equal(refused?.at, at, source)
    assert.match(refused?.says ?? '', says)
  }
})

test('what two engines would read differently is refused', () => {
  const sources = [
    '\\Aa\\z',
    '\\Qa.b\\E',
    '\\C',
    '\\pL',
    'x\\x{41}',
    '\\uD83D',
    '\\0',
    '[[:alpha:]]',
    '[]a]',
    '[^]',
    'a{,3}',
  ]
  for (const source of sources) assert.equal(refusal(source)?.refused, 'pattern-not-supported', source)
  for (const flags of ['g', 'y', 'u', 'v', 'ii', 'imsi'])
    assert.equal(refusal('a', flags)?.refused, 'pattern-not-supported', flags)
})

test('what is no pattern is refused with what is missing', () => {
  for (const source of [
    '(a',
    'a)',
    '[a',
    'a\\',
    '*a',
    '(|+)',
    'a{2}{3}',
    'a**',
    '{2}',
    'a{x}',
    '(?',
    '(?<1>a)',
    '(?<>a)',
  ])
    assert.equal(refusal(source)?.refused, 'pattern-malformed', source)
})

test('classes of Unicode and characters beyond 16 bits are analysed as Unicode', () => {
  assert.equal(needsUnicode('\\p{L}'), true)
  assert.equal(needsUnicode('📚'), true)
  assert.equal(needsUnicode('\\\\p{L}é'), false)
})
