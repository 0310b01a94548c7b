import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'

const command = fileURLToPath(new URL('run.ts', import.meta.url))
const run = (...words: string[]) => spawnSync(process.execPath, [command, ...words], { encoding: 'utf8' })

test('a drill that does not exist is named, with those that do, and nothing is played', () => {
  const { status, stderr, stdout } = run('2017-s4')
  assert.equal(status, 2)
  assert.match(stderr, /no drill 2017-s4.*\nThere are: /)
  assert.equal(stdout, '')
})

test('a seed that is none is refused', () => {
  for (const seed of ['x', '-1', '1.5', '9'.repeat(20)]) {
    assert.equal(run(`--seed=${seed}`).status, 2, seed)
  }
})
