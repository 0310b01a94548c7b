import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { test } from 'node:test'
import fc from 'fast-check'
import { shellWord } from './shell-word.ts'

test('whatever a library is called, a shell reads its name as one word and as it is', () => {
  const texts = fc.sample(fc.string({ unit: fc.constantFrom(...`ab '"$()\`!\\*;&|<>#~\n`) }), 200)
  const words = ['$(touch x)', "O'Brien's", ...texts]
  const out = execFileSync('sh', ['-c', `printf '%s\\0' ${words.map(shellWord).join(' ')}`], {
    encoding: 'utf8',
  })
  assert.deepEqual(out.split('\0').slice(0, -1), words)
})
