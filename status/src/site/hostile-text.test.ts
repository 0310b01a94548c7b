import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import sax from 'sax'
import { aSummary } from '../../test/site-fixtures.ts'
import { saying } from '../../test/site-situations.ts'
import { renderSite } from './render-site.ts'

/** Texts that break out of where they stand, wherever one forgets to escape. */
const hostile = [
  '<script>alert(1)</script>',
  '"><img src=x onerror=alert(1)>',
  "'><svg onload=alert(1)>",
  '</title></style></textarea><b>bold</b>',
  ']]> --> <!-- <![CDATA[ <?xml ?>',
  '&amp; &#60;b&#62; &lt;b> &bogus;',
  'nul \u0000, bell \u0007, escape \u001b[31m, del \u007f, next line \u0085',
  'half \ud83d, other half \ude00, non-characters \ufffe \uffff',
  'שָׁלוֹם \u202e drow \u202c مكتبة',
  'a'.repeat(3_000),
  '{{injected}} <%= injected %>',
  '',
  ' \n\r\n\t ',
]

/** What XML 1.0 lets stand, and of it what can be read: no control character but the end of a line and the tab. */
const unreadable = /[^\n\t\P{Cc}]|[\ufffe\uffff\p{Cs}]/u

/** What a strict reader of XML finds wrong. */
function faults(xml: string): readonly string[] {
  const found: string[] = []
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions)
  parser.onerror = (error) => {
    found.push(error.message)
    parser.resume()
  }
  parser.write(xml).close()
  if (unreadable.test(xml)) found.push('holds a character that XML refuses')
  return found
}

/** The names of elements and of attributes in a page, in order: what text must never change. */
function skeleton(html: string): string {
  return [...html.matchAll(/<(\/?[a-z0-9]+)|\s([a-z-]+)="/g)]
    .map(([, tag, attribute]) => tag ?? attribute)
    .join(' ')
}

test('whatever people write, pages keep their elements, and feeds and badges are valid XML', () => {
  const plain = renderSite(saying('plain'))
  const check = (text: string) => {
    const site = renderSite(saying(text))
    assert.deepEqual([...site.keys()], [...plain.keys()])
    for (const [name, content] of site) {
      if (/\.(?:rss|atom|svg)$/.test(name)) assert.deepEqual(faults(content), [], name)
      if (name.endsWith('.json')) assert.ok(JSON.parse(content), name)
      assert.doesNotMatch(content, unreadable, name)
    }
    return site
  }
  for (const text of hostile) {
    const site = check(text)
    if (text.trim() === '') continue
    // A long one is cut on the first page, whatever it holds.
    const harmless = renderSite(saying('b'.repeat(text.length)))
    for (const [name, content] of site) {
      if (name.endsWith('.html'))
        assert.equal(skeleton(content), skeleton(harmless.get(name) ?? ''), `${name}: ${text}`)
    }
  }
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => void check(text)),
    { numRuns: 60 },
  )
})

test('what people write is shown as they wrote it', () => {
  const site = renderSite(saying('Tom & <Jerry> "quoted"'))
  assert.match(
    site.get('incidents/open.html') ?? '',
    /<h1 dir="auto">Tom &amp; &lt;Jerry&gt; &quot;quoted&quot;<\/h1>/,
  )
  const incidents = JSON.parse(site.get('api/v2/incidents.json') ?? '')
  assert.equal(incidents.incidents[0].name, 'Tom & <Jerry> "quoted"')
  // Once for XML, and once more for the HTML that a description is.
  assert.match(site.get('feed.rss') ?? '', /<description>&lt;p&gt;Tom &amp;amp; &amp;lt;Jerry&amp;gt;/)
})

test('a moment that is none is shown as it was given, and no page falls over it', () => {
  const { page } = aSummary()
  const site = renderSite(aSummary({ page: { ...page, writtenAt: 'yesterday <b>' } }))
  assert.match(site.get('index.html') ?? '', /yesterday &lt;b&gt;/)
  assert.deepEqual(faults(site.get('feed.atom') ?? ''), [])
})
