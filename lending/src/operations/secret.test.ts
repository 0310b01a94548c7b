import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { keptSecret } from './secret.ts'

test('the secret is made once, for nobody else to read, and a damaged one is told and not replaced', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-secret-'))
  try {
    const data = join(folder, 'data')
    const made = keptSecret(data)
    assert.equal(made.length, 32)
    assert.deepEqual(keptSecret(data), made)
    assert.deepEqual(await readdir(data), ['guard-secret'])
    assert.equal((await stat(join(data, 'guard-secret'))).mode & 0o777, 0o600)
    for (const damaged of ['', 'f'.repeat(63), 'no hexadecimal']) {
      await writeFile(join(data, 'guard-secret'), damaged)
      assert.throws(() => keptSecret(data), /does not hold a secret of 32 bytes/)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})
