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

test('after 4,096 ids in one moment the clock counts again, and none comes twice', () => {
  const ids = Array.from({ length: 5_000 }, () => nextJournalId(`ffffffff-fff1${randomUUIDv7().slice(13)}`))
  assert.equal(new Set(ids).size, ids.length)
  assert.ok(nextJournalId(`00000000-0001${randomUUIDv7().slice(13)}`).startsWith('ffffffff-fff1'))
  for (let n = 0; n < 5_000; n++) nextJournalId()
  assert.ok(nextJournalId() < 'ffff')
})
