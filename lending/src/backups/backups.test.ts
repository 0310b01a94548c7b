import assert from 'node:assert/strict'
import { test } from 'node:test'
import { backedUpLibrary, lendSomething } from '../../test/backup-fixtures.ts'

test('x', async () => {
  await using library = await backedUpLibrary()
  await lendSomething(library)
  const t=performance.now()
  const backup = await library.run({step:(s)=>console.log(Math.round(performance.now()-t), s)})
  console.log(performance.now()-t, backup.state, backup.because, backup.proof)
  assert.equal(backup.state, 'proven')
  assert.equal(backup.proof?.baseBecause, null)
})
