import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isbn10, isbn13 } from './isbn.ts'

test('ten digits and thirteen name the same book, however they are written', () => {
  const same = [
    '0131103628',
    '0-13-110362-8',
    '978-0-13-110362-7',
    '9780131103627',
    'ISBN 0 13 110362 8 (pbk. : alk. paper)',
    'ISBN-13: 978‑0‑13‑110362‑7',
    '９７８０１３１１０３６２７',
    '\u200e978–0–13–110362–7',
    '="9780131103627"',
    "'9780131103627",
    '9780131103627.0',
    '0131103628 :',
    '0131103628.',
  ]
  for (const written of same) assert.equal(isbn13(written), '9780131103627', written)
  assert.equal(isbn10('9780131103627'), '0131103628')
})

test('an X stands for ten, in either case', () => {
  assert.equal(isbn13('0-8044-2957-X'), '9780804429573')
  assert.equal(isbn13('080442957x (pbk)'), '9780804429573')
  assert.equal(isbn10('9780804429573'), '080442957X')
})

test('leading zeros that a spreadsheet cut off are put back when the check digit agrees', () => {
  assert.equal(isbn13('439023483'), '9780439023481')
  assert.equal(isbn13('61120081'), '9780061120084')
  assert.equal(isbn13('7442912'), '9780007442911')
  assert.equal(isbn13('439023484'), undefined)
  assert.equal(isbn13('123456'), undefined)
})

test('scientific notation has lost its digits and is refused', () => {
  for (const lost of ['9.78043902348e+12', '9.78044E+12', '9,78044E+12', '9.780439023481E12', '9E+12'])
    assert.equal(isbn13(lost), undefined, lost)
})

test('what is no ISBN is none', () => {
  const none = [
    '',
    'pbk.',
    '$12.50',
    '1234567890',
    '9790000000000',
    '1234567890123',
    '97801311036270',
    'x',
    '0',
  ]
  for (const text of [...none, '0000000000', '9780131103628', '1'.repeat(10_000), ' '.repeat(10_000)])
    assert.equal(isbn13(text), undefined, text)
  assert.equal(isbn10('9791034304639'), undefined)
  assert.equal(isbn10('nonsense'), undefined)
})

test('a wrong digit is always noticed', () => {
  const nine = fc.stringMatching(/^[0-9]{9}$/)
  fc.assert(
    fc.property(nine, fc.nat(12), fc.integer({ min: 1, max: 9 }), (digits, at, by) => {
      const isbn = validFrom(digits)
      fc.pre(isbn !== undefined)
      const wrong = (Number(isbn[at]) + by) % 10
      assert.equal(isbn13(`${isbn.slice(0, at)}${wrong}${isbn.slice(at + 1)}`), undefined)
    }),
  )
})

test('thirteen to ten and back is the same number', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[0-9]{9}$/), (digits) => {
      const isbn = validFrom(digits)
      fc.pre(isbn !== undefined)
      const ten = isbn10(isbn)
      assert.ok(ten)
      assert.equal(isbn13(ten), isbn)
    }),
  )
})

test('any text is read without a throw', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void isbn13(text)))
})

/** Finds the check character by trying all. */
function validFrom(nine: string): string | undefined {
  for (const check of '0123456789X') {
    const isbn = isbn13(nine + check)
    if (isbn) return isbn
  }
  return undefined
}
