import assert from 'node:assert/strict'
import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { anOpenLibrary, type OpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

const evil = '<script>alert(1)</script><img src=x onerror=alert(1)>'
const both = [
  'From: "The Library" <library@example.org>',
  'To: =?utf-8?Q?Zo=C3=AB?= <zoe@example.org>',
  `Subject: Ready ${evil}`,
  'Content-Type: multipart/alternative; boundary=edge',
  '',
  '--edge',
  'Content-Type: text/plain; charset=utf-8',
  'Content-Transfer-Encoding: quoted-printable',
  '',
  `Dear Zo=C3=AB, ${evil}`,
  '--edge',
  'Content-Type: text/html',
  '',
  '<p>Only in the HTML</p><script>alert(2)</script>',
  '--edge--',
  '',
].join('\r\n')

async function caught(at: OpenLibrary, mails: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(at.library.dataFolder, 'notices', 'mail')
  await mkdir(folder, { recursive: true })
  for (const [name, content] of Object.entries(mails)) await writeFile(join(folder, name), content)
  return folder
}

async function operatorAt(at: OpenLibrary) {
  const operator = aVisitor(at.app)
  await operator.signIn('staff', await at.staff('operator'))
  return operator
}

test('an operator reads caught mail as text, and nothing of its HTML comes to the page', async () => {
  await using at = await anOpenLibrary()
  const operator = await operatorAt(at)
  assert.match((await operator.open('/notices/mail')).text, /No mail was caught yet/)
  await caught(at, { 'a1@example.org.eml': both })
  const list = await operator.open('/notices/mail')
  assert.match(list.text, /Ready .*To Zoë <zoe@example\.org>/)
  const mail = await operator.open('/notices/mail/a1@example.org.eml')
  assert.match(mail.text, /From The Library <library@example\.org>.*Dear Zoë, <script>alert\(1\)/)
  for (const { html } of [list, mail]) {
    assert.doesNotMatch(html, /<script>|<img|Only in the HTML/)
  }
})

test('a mail that is too large, or none, is named and not read; what lies elsewhere is not reached', async () => {
  await using at = await anOpenLibrary()
  const operator = await operatorAt(at)
  const folder = await caught(at, {
    'large@example.org.eml': both + 'x'.repeat(1_000_000),
    '.secret.eml': both,
    'notes.txt': both,
  })
  await writeFile(join(at.library.dataFolder, 'outside.eml'), both)
  await symlink(join(at.library.dataFolder, 'outside.eml'), join(folder, 'link.eml'))
  const list = await operator.open('/notices/mail')
  assert.match(list.text, /large@example\.org\.eml Too large to be read here/)
  assert.doesNotMatch(list.html, /secret|notes\.txt|link\.eml|zoe@/)
  assert.match((await operator.open('/notices/mail/large@example.org.eml')).text, /Too large to be read here/)
  for (const name of ['..%2F..%2Foutside.eml', '.secret.eml', 'notes.txt', 'link.eml', 'gone.eml']) {
    assert.equal((await operator.open(`/notices/mail/${name}`)).status, 404, name)
  }
})

test('the list of caught mail names the newest hundred', async () => {
  await using at = await anOpenLibrary()
  const operator = await operatorAt(at)
  const names = Array.from({ length: 105 }, (_, n) => [`mail-${n}.eml`, both])
  await caught(at, Object.fromEntries(names))
  const { html } = await operator.open('/notices/mail')
  assert.equal(html.match(/href="\/notices\/mail\/mail-/g)?.length, 100)
  assert.match(html, /These are the newest 100/)
})

test('where mail is not caught, the page says where it goes, and shows none', async () => {
  for (const [mailGoes, says] of [
    ['to-a-server', /Mail goes to a mail server/],
    ['elsewhere', /given to a notice service elsewhere/],
  ] as const) {
    await using at = await anOpenLibrary({ mailGoes })
    const operator = await operatorAt(at)
    await caught(at, { 'a1.eml': both })
    const page = await operator.open('/notices/mail')
    assert.match(page.text, says)
    assert.doesNotMatch(page.html, /a1\.eml/)
    assert.equal((await operator.open('/notices/mail/a1.eml')).status, 404)
  }
})
