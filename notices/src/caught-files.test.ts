import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { link, mkdir, mkdtemp, readdir, rm, symlink, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { catchMail } from './catcher.ts'
import { type CaughtBounds, tidyCaught } from './caught-files.ts'
import { openMailPool } from './mail-pool.ts'
import { smtpLimits } from './smtp-session.ts'

const dayMs = 24 * 60 * 60_000
const now = new Date('2026-03-02T10:00:00Z')
const bounds: CaughtBounds = { filesMax: 6, daysMax: 30, newestStay: 2 }

async function aFolder() {
  const path = await mkdtemp(join(tmpdir(), 'bibby-caught-'))
  const put = async (name: string, text: string, days: number) => {
    await writeFile(join(path, name), text)
    const at = new Date(now.getTime() - days * dayMs)
    await utimes(join(path, name), at, at)
    return name
  }
  return {
    path,
    put,
    /** A mail of the service, so many days old. */
    mail: (days: number, { id = `${randomUUID()}@library.example`, again = '' } = {}) =>
      put(`${id}${again}.eml`, `From: a@example.org\r\nMessage-ID: <${id}>\r\n\r\nHello\r\n`, days),
    names: async () => (await readdir(path)).toSorted(),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  }
}

test('caught mail goes when it is old, and when there is too much of it; the oldest first', async () => {
  await using folder = await aFolder()
  const id = `${randomUUID()}@library.example`
  const young = [await folder.mail(1), await folder.mail(2), await folder.mail(3, { id })]
  await folder.mail(31)
  await folder.mail(40, { id, again: '.2' })
  await folder.put(`without-id-${randomUUID()}.eml`, 'To: b@example.org\r\n\r\nHello\r\n', 50)
  await folder.put(`.${randomUUID()}.half`, 'half', 2)
  assert.equal(await tidyCaught(folder.path, { now, bounds }), 3)
  assert.deepEqual(await folder.names(), young.toSorted())
  const more = await Promise.all([4, 5, 6, 7, 8].map((days) => folder.mail(days)))
  assert.equal(await tidyCaught(folder.path, { now, bounds }), 6)
  assert.deepEqual(await folder.names(), [...young, ...more.slice(0, 3)].toSorted())
})

test('nothing goes that the catcher did not write', async () => {
  await using folder = await aFolder()
  const [uuid, other] = [randomUUID(), randomUUID()]
  const elsewhere = join(folder.path, 'elsewhere')
  await mkdir(elsewhere)
  const head = (id: string) => `Message-ID: <${id}>\r\n\r\n`
  await folder.put('holiday.eml', head('holiday'), 99)
  await folder.put('notes.txt', 'mine', 99)
  await folder.put('.hidden', 'mine', 99)
  // It says another thing inside than outside.
  await folder.put(`${uuid}@library.example.eml`, head('somebody@else.example'), 99)
  await folder.put(`without-id-${uuid}.eml`, head('somebody@else.example'), 99)
  await folder.put(`${randomUUID()}@library.example.eml`, '', 99)
  await mkdir(join(folder.path, `${randomUUID()}@library.example.eml`))
  await symlink('holiday.eml', join(folder.path, `${randomUUID()}@library.example.eml`))
  const kept = await folder.put('kept', head(`${other}@library.example`), 99)
  await link(join(folder.path, kept), join(folder.path, `${other}@library.example.eml`))
  const before = await folder.names()
  await tidyCaught(folder.path, { now, bounds: { filesMax: 0, daysMax: 0, newestStay: 0 } })
  assert.deepEqual(await folder.names(), before)
})

test('a clock that is years ahead leaves the newest mails', async () => {
  await using folder = await aFolder()
  const mails = [await folder.mail(1), await folder.mail(2), await folder.mail(3)]
  const ahead = new Date(now.getTime() + 3_650 * dayMs)
  assert.equal(await tidyCaught(folder.path, { now: ahead, bounds }), 2)
  assert.deepEqual(await folder.names(), mails.slice(0, 2).toSorted())
})

test('the folder is tidied at the start, and when more mail comes than it may hold', async () => {
  await using folder = await aFolder()
  const old = await folder.mail(99)
  await using first = await catchMail(folder.path, { clock: () => now, bounds: { ...bounds, newestStay: 0 } })
  await first[Symbol.asyncDispose]()
  assert.ok(!(await folder.names()).includes(old))
  await using second = await catchMail(folder.path, { clock: () => new Date(), bounds })
  const pool = openMailPool(second.server, smtpLimits)
  const never = new AbortController().signal
  for (let n = 0; n < 40; n++) {
    const content = Buffer.from(`Message-ID: <${randomUUID()}@library.example>\r\n\r\nHello\r\n`)
    const end = await pool.send(
      { from: 'a@example.org', to: 'b@example.org', content },
      { beforeContent: async () => undefined, signal: never, hurry: never },
    )
    assert.equal(end.end, 'sent')
  }
  pool.close()
  await second[Symbol.asyncDispose]()
  const left = (await folder.names()).length
  assert.ok(left >= 6 && left < 40, `${left}`)
})
