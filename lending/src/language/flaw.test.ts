import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Flaw, flawInEnglish, flawsInEnglish, isFlaw, wordedFlaws } from './flaw.ts'
import { inEnglish } from './messages.ts'
import { readWords, wordedMark } from './worded.ts'

test('a flaw is one English sentence, with its field, its values and the flaw within it', () => {
  const long: Flaw = { flaw: 'too-long', label: 'the-pattern', values: { max: 2_000 } }
  assert.equal(flawInEnglish(long), 'The pattern is longer than 2000 characters.')
  const within: Flaw = {
    flaw: 'pattern-of-column',
    label: 'mapped-isbn',
    values: { column: 'a{b}', flaw: long },
  }
  assert.equal(flawInEnglish(within), 'isbn, column "a{b}": The pattern is longer than 2000 characters.')
})

test('flaws that are stored are read in the language of whoever reads them, one after the other', () => {
  const flaws: readonly Flaw[] = [
    {
      flaw: 'pattern-of-column',
      label: 'mapped-isbn',
      values: { column: 'a{b}', flaw: { flaw: 'too-long', label: 'the-pattern', values: { max: 2_000 } } },
    },
    { flaw: 'not-isbn', values: { isbn: '12' } },
    { flaw: 'nameless' },
  ]
  const stored = wordedFlaws(flaws)
  assert.equal(readWords(inEnglish, stored), flaws.map(flawInEnglish).join(' '))
  assert.ok(stored.startsWith(wordedMark))
  assert.equal(wordedFlaws([]), '')
})

test('what a refusal holds beside flaws stays as it is: sentences of old, lines of a record, what is not known yet', () => {
  const others = {
    name: 'Name is too long.',
    lines: [{ line: 1, wrong: 'tag' }],
    later: { flaw: 'of-tomorrow' },
  }
  assert.deepEqual(flawsInEnglish({ ...others, day: { flaw: 'day-past' } }), {
    ...others,
    day: 'The day is past.',
  })
  assert.deepEqual(flawsInEnglish([{ flaw: 'day-past' }]), ['The day is past.'])
  for (const none of [null, 'day-past', { flaw: 1 }, { flaw: 'toString' }]) assert.ok(!isFlaw(none))
})
