import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { escaped, html, isHtml, type Piece, TemplateError } from './html.ts'

test('no text breaks out of the place it was written into', () => {
  const hostile = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom('<', '>', '"', "'", '`', '&', '=', '/', ' ', '</p>', '<script>', '&#x22;', '\0'),
        {
          maxLength: 12,
        },
      )
      .map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(hostile, hostile, (inAttribute, inText) => {
      const { html: page } = html`<p title="${inAttribute}" class='${inAttribute}'>${inText}</p>`
      const found = /^<p title="([^"<>]*)" class='([^'<>]*)'>([^<>"'`]*)<\/p>$/.exec(page)
      assert.ok(found, page)
      assert.equal(unescaped(found[1]), inAttribute)
      assert.equal(unescaped(found[2]), inAttribute)
      assert.equal(unescaped(found[3]), inText)
    }),
    { numRuns: 500 },
  )
})

test('text in a list and in a nested piece is escaped just once', () => {
  const inner = html`<b>${'a & b'}</b>`
  assert.equal(html`<i>${[inner, '<', 1, null, undefined, false]}</i>`.html, '<i><b>a &amp; b</b>&lt;1</i>')
})

test('an object that only looks like html is refused', () => {
  const forged = { html: '<script>alert(1)</script>' }
  assert.equal(isHtml(forged), false)
  assert.throws(() => html`<p>${forged}</p>`, TemplateError)
  assert.throws(() => html`<p>${JSON.parse('{"html":"<b>"}') as Piece}</p>`, TemplateError)
})

test('a hole without quotes, in a script, a style or a comment is refused', () => {
  assert.throws(() => html`<p title=${'x'}>`, TemplateError)
  assert.throws(() => html`<p ${'onclick'}>`, TemplateError)
  assert.throws(() => html`<script>${'x'}</script>`, TemplateError)
  assert.throws(() => html`<style>${'x'}</style>`, TemplateError)
  assert.throws(() => html`<!-- ${'x'} -->`, TemplateError)
  assert.throws(() => html`<p title="${html`<b>`}">`, TemplateError)
})

test('an address must stay inside the library', () => {
  const link = (to: string) => html`<a href="${to}">x</a>`
  for (const to of ['/', '/titles/7?a=b', '?after=x', '#top', '']) assert.doesNotThrow(() => link(to))
  for (const to of [
    'javascript:alert(1)',
    '//evil.example',
    '/\\evil.example',
    ' /x',
    'https://evil.example',
    '/\t/x',
  ])
    assert.throws(() => link(to), TemplateError, to)
  assert.throws(() => html`<form action="${'data:text/html,x'}">`, TemplateError)
  assert.throws(() => html`<img src="${'data:text/html,x'}">`, TemplateError)
})

test('a whole attribute may be a nested piece, and only that', () => {
  assert.equal(html`<input ${html`required`} ${false}>`.html, '<input required >')
})

function unescaped(text = ''): string {
  const letters: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#96': '`' }
  return text.replaceAll(/&([a-z0-9#]+);/g, (whole, name: string) => letters[name] ?? whole)
}

test('escaping is undone by reading it back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.equal(unescaped(escaped(text)), text)),
  )
})
