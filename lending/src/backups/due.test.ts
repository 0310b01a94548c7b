import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDue } from './due.ts'

const at = (day: number, hour: number) => new Date(2026, 2, day, hour, 30)
const looked = { hour: 2, newestProvenAt: undefined, lastRunAt: undefined }

test('a backup is due once the hour has come, and once only', () => {
  assert.equal(isDue({ ...looked, now: at(3, 1), newestProvenAt: at(2, 2) }), false)
  assert.equal(isDue({ ...looked, now: at(3, 2), newestProvenAt: at(2, 2) }), true)
  assert.equal(isDue({ ...looked, now: at(3, 23), newestProvenAt: at(3, 2), lastRunAt: at(3, 2) }), false)
})

test('a machine that was off at the hour makes up for it, and a library without a backup waits for no hour', () => {
  assert.equal(isDue({ ...looked, now: at(9, 14), newestProvenAt: at(2, 2), lastRunAt: at(2, 2) }), true)
  assert.equal(isDue({ ...looked, now: at(3, 1) }), true)
  assert.equal(isDue({ ...looked, now: at(3, 1), newestProvenAt: at(9, 2) }), true)
})

test('a run that failed comes again after an hour, not sooner', () => {
  const failed = { ...looked, newestProvenAt: at(1, 2), lastRunAt: at(3, 2) }
  assert.equal(isDue({ ...failed, now: at(3, 2) }), false)
  assert.equal(isDue({ ...failed, now: at(3, 4) }), true)
})
