import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { characters, isDay, isEmail, plainText, plainTexts } from './text.ts'

const name = { max: 10, label: 'name' } as const

test('text is kept in one form: NFC, without space around it', () => {
  assert.deepEqual(plainText('  e\u0301te\u0301 ', name), { ok: true, text: 'été' })
  assert.deepEqual(plainText(' a\r\nb\n', { ...name, lines: true }), { ok: true, text: 'a\nb' })
})

test('control characters are refused, and a line break where one line is asked', () => {
  for (const bad of ['a\0b', 'a\x07b', 'a\x1bb', 'a\x7fb', 'a\u0085b', 'a\tb', 'a\nb', 'a\u2028b']) {
    assert.equal(plainText(bad, name).ok, false, JSON.stringify(bad))
  }
  assert.equal(plainText('a\0b', { ...name, lines: true }).ok, false)
})

test('half a character and what is no text are refused', () => {
  assert.deepEqual(plainText('a\ud800', name), {
    ok: false,
    problem: { flaw: 'half-character', label: 'name' },
  })
  for (const bad of [null, 1, {}, [], true]) assert.equal(plainText(bad, name).ok, false)
})

test('the limit counts characters, not their halves', () => {
  assert.equal(plainText('📚'.repeat(10), name).ok, true)
  assert.equal(plainText('📚'.repeat(11), name).ok, false)
  assert.equal(plainText('x'.repeat(1_000_000), name).ok, false)
})

test('a required text must not be empty', () => {
  assert.equal(plainText('   ', { ...name, required: true }).ok, false)
  assert.deepEqual(plainText('   ', name), { ok: true, text: '' })
})

test('all problems are told at once, and an absent field stays absent', () => {
  const limits = { given: name, family: name, note: name }
  assert.deepEqual(plainTexts(limits, { given: ' A ', family: 'B' }), {
    ok: true,
    texts: { given: 'A', family: 'B' },
  })
  const bad = plainTexts(limits, { given: 'a\0', family: 'x'.repeat(11) })
  assert.ok(!bad.ok)
  assert.deepEqual(Object.keys(bad.problems), ['given', 'family'])
})

test('what was accepted is accepted again unchanged, and fits', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.boolean(), (value, lines) => {
      const once = plainText(value, { ...name, lines })
      if (!once.ok) return
      assert.deepEqual(plainText(once.text, { ...name, lines }), once)
      assert.ok(characters(once.text) <= 10)
      assert.ok(!once.text.includes('\0'))
    }),
  )
})

test('an address has one @ with something on both sides, and no room for a second one', () => {
  for (const good of ['a@b', 'ada.l+x@example.org', 'почта@пример.рф']) assert.ok(isEmail(good), good)
  for (const bad of ['', 'a', '@b', 'a@', 'a@b@c', 'a b@c', 'a@b, c@d', 'A <a@b>', `${'x'.repeat(65)}@b`]) {
    assert.ok(!isEmail(bad), bad)
  }
})

test('a day is one of the calendar, written in one way', () => {
  for (const good of ['2030-12-31', '2028-02-29', '1900-01-01', '2999-12-31']) assert.ok(isDay(good), good)
  const bad = [
    '',
    '2027-02-29',
    '2030-13-01',
    '2030-1-1',
    '0001-01-01',
    '9999-01-01',
    '2030-12-31 ',
    'infinity',
  ]
  for (const each of bad) assert.ok(!isDay(each), each)
})
