import assert from 'node:assert/strict'
import { randomUUIDv7 } from 'node:crypto'
import { test } from 'node:test'
import { nextJournalId } from './journal-id.ts'

const form = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/

test('each id of the journal is greater than the one before it', () => {
  const ids = Array.from({ length: 3_000 }, () => nextJournalId())
  assert.deepEqual(ids, ids.toSorted())
  assert.equal(new Set(ids).size, ids.length)
  for (const id of ids) assert.match(id, form)
})

test('a clock that is set back does not put an entry before an older one', () => {
  const before = nextJournalId(`ffffffff-fff0${randomUUIDv7().slice(13)}`)
  const after = nextJournalId()
  assert.ok(after > before)
  assert.match(after, form)
})

test('when a millisecond is full of ids the next one is taken', () => {
  const ids = Array.from({ length: 9_000 }, () => nextJournalId(`ffffffff-fffa${randomUUIDv7().slice(13)}`))
  assert.deepEqual(ids, ids.toSorted())
  assert.ok(ids.at(-1)?.startsWith('ffffffff-fffc-7'))
})
