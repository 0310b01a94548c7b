import assert from 'node:assert/strict'
import { test } from 'node:test'
import { kindNames } from './kinds.ts'
import { defaultTemplates, fillIn, sampleTelling, unknownPlaceholders } from './template.ts'

test('Bibby’s own templates use known placeholders only, and leave none unfilled', () => {
  for (const kind of kindNames) {
    const template = defaultTemplates[kind]
    for (const part of ['subject', 'body', 'item'] as const)
      assert.deepEqual(unknownPlaceholders(part, template[part]), [], `${kind} ${part}`)
    const { subject, text, html } = fillIn(template, sampleTelling(kind))
    assert.doesNotMatch(subject + text + html, /[{}]|undefined|Invalid/, kind)
  }
})

test('what a title or a name says is text: no placeholder, no markup, no second header', () => {
  const telling = { ...sampleTelling('hold-ready'), givenName: '{library}', familyName: '<b>' }
  const items = [{ title: '</p><script>alert(1)</script>\r\nBcc: all@example.org', branch: '{name}' }]
  const { subject, text, html } = fillIn(defaultTemplates['hold-ready'], { ...telling, items })
  assert.doesNotMatch(subject, /[\r\n]/)
  assert.match(text, /Dear \{library\} <b>,/)
  assert.match(text, /at \{name\},/)
  assert.doesNotMatch(html, /<(?!\/?p>|br>)/)
})

test('a placeholder that no text knows is found, in whichever part', () => {
  assert.deepEqual(unknownPlaceholders('body', 'Dear {name}, {password} {items}'), ['password'])
  assert.deepEqual(unknownPlaceholders('subject', '{items}'), ['items'])
  assert.deepEqual(unknownPlaceholders('item', '{title} {name}'), ['name'])
  assert.deepEqual(unknownPlaceholders('body', '{not one} { } {}'), [])
})

test('a subject is cut at 200 characters, and never within one', () => {
  const telling = { ...sampleTelling('overdue'), items: [{ title: '📚'.repeat(500), dueOn: '2030-01-01' }] }
  const { subject } = fillIn(defaultTemplates.overdue, telling)
  assert.equal([...subject].length, 200)
  assert.ok(subject.isWellFormed())
})
