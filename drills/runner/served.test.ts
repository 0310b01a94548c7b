import assert from 'node:assert/strict'
import { test } from 'node:test'
import { served } from './served.ts'

test('an act in which the desks stood still shows nothing, also where nobody waited for long', () => {
  const shift = { asked: 40, done: 20, refused: {}, failed: 20, late: 0, worstMs: 3 }
  assert.equal(served(shift), shift)
  assert.throws(() => served({ ...shift, done: 19, failed: 21 }), /served 19 of 40 .*failed 21/)
  assert.throws(() => served({ ...shift, asked: 0, done: 0 }), /served 0 of 0/)
})
