import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languages } from '../../language/languages.ts'
import { msText } from './measures.ts'

test('a time stands in the unit that suits it, and in one line with that', () => {
  for (const language of languages)
    for (const ms of [0.4, 8, 175, 999, 1_000, 83_000]) {
      const text = msText({ language }, ms)
      assert.doesNotMatch(text, / /, `${language.locale}: ${text}`)
    }
  const english = languages.find(({ locale }) => locale.startsWith('en'))
  assert.ok(english)
  const told = [0.44, 8, 175.4, 1_240].map((ms) => msText({ language: english }, ms))
  assert.deepEqual(told, ['0.4\u{a0}ms', '8\u{a0}ms', '175\u{a0}ms', '1.2\u{a0}secs'])
})
