import assert from 'node:assert/strict'
import { test } from 'node:test'
import { languages } from './languages.ts'
import { inEnglish, isMessageId, message } from './messages.ts'
import { readWords, withWords, worded } from './worded.ts'

const inGerman: typeof inEnglish = (id, values = {}) => {
  const german = languages.find(({ tag }) => tag === 'de')
  assert.ok(german)
  const found = message(german, id)
  return typeof found === 'string' ? found : String(found.format(values))
}

test('what is stored as a message is read in the language of whoever reads it, also within another', () => {
  const stored = worded('plan-line.letter', {
    kind: { say: 'notice-kind.hold-ready' },
    things: 2,
    card: 'A-1',
  })
  assert.equal(readWords(inEnglish, stored), 'Hold ready (2), to card A-1')
  assert.equal(readWords(inGerman, stored), 'Abholbereit (2), an Ausweis A-1')
  assert.deepEqual(
    withWords(inGerman, { at: [{ label: worded('plan-line.queue') }], count: 1, none: null }),
    {
      at: [{ label: 'die Warteschlange' }],
      count: 1,
      none: null,
    },
  )
})

test('what somebody typed is never a message, and one that is not known here is shown as it is stored', () => {
  for (const typed of ['{"say":"plan-line.queue"}', 'plan-line.queue', '', '{name}'])
    assert.equal(readWords(inEnglish, typed), typed)
  assert.equal(
    readWords(inEnglish, worded('plan-line.card-into', { card: '{into}', into: '<b>' })),
    '{into}, into <b>',
  )
  assert.ok(!isMessageId('plan-line.of-tomorrow'))
  const hostile = worded('plan-line.title-number', { id: 'a\0\ud800\u001F{' })
  assert.equal(readWords(inEnglish, hostile), 'title a\uFFFD\uFFFD\uFFFD{')
  const within = worded('plan-line.person', { name: { say: 'plan-line.queue' }, card: 'A' })
  assert.match(readWords(inEnglish, within.replace('queue', 'of-tomorrow')), /^\{"say":"plan-line.person"/)
  assert.equal(
    readWords(inEnglish, worded('plan-line.queue').replace('queue', 'of-tomorrow')),
    '{"say":"plan-line.of-tomorrow"}',
  )
})
