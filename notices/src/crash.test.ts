import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { appendFile, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Act, faultyMailServer, messageIdIn, type Step } from '../test/mail-server.ts'
import { aNotice, ask, noticeHome } from '../test/notice-home.ts'
import { serviceProcess } from '../test/service-process.ts'

test('killed at any moment and asked again, a notice is at the mailbox once, or the answer says it may be twice', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const env = { BIBBY_SMTP_URL: smtp.url }
  const moments: readonly (readonly [Step, Act])[] = [
    ['greeting', 'hang'],
    ['ehlo', 'hang'],
    ['mail', 'hang'],
    ['rcpt', 'hang'],
    ['data', 'hang'],
    ['end', 'hang'],
    // The mail is in the mailbox, and the service dies before it hears so.
    ['end', { afterMs: 60_000, say: '250 taken' }],
  ]
  for (const [step, act] of moments) {
    const at = `${step}: ${JSON.stringify(act)}`
    const notice = aNotice()
    const first = await serviceProcess(home.data, env)
    smtp.act(step, act)
    const reached = smtp.reached(step)
    const cut = ask(first, notice).catch(() => 'cut')
    await reached
    first.child.kill('SIGKILL')
    assert.equal(await first.ended, 'SIGKILL')
    assert.equal(await cut, 'cut')
    smtp.act(step, undefined)

    const second = await serviceProcess(home.data, env)
    const { body } = await ask(second, notice)
    const copies = smtp.mails.filter((mail) => messageIdIn(mail) === `<${notice.id}@library.example>`).length
    assert.equal(body.outcome, 'sent', at)
    assert.equal(body.repeated, step === 'end', at)
    assert.ok(copies === 1 || body.repeated === true, at)
    second.child.kill('SIGKILL')
    await second.ended
  }
})

test('the library killed -9 leaves no service behind; what was leaving for the mail server leaves', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  const standIn = fileURLToPath(new URL('../test/library-stand-in.ts', import.meta.url))
  const library = spawn(process.execPath, [standIn, home.data, smtp.url], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const [service] = (await once(library, 'message')) as [{ pid: number; url: string; token: string }]
  const notice = aNotice()
  smtp.act('end', { afterMs: 200, say: '250 taken' })
  const inData = smtp.reached('end')
  const answered = ask(service, notice)
  await inData
  library.kill('SIGKILL')
  await once(library, 'exit')
  assert.equal((await answered).body.outcome, 'sent')
  await untilGone(service.pid)
  // The folder is free at once, and the port too.
  const next = await serviceProcess(home.data, {
    BIBBY_SMTP_URL: smtp.url,
    BIBBY_NOTICE_PORT: new URL(service.url).port,
  })
  assert.equal((await ask(next, notice)).body.repeated, true)
  next.child.kill('SIGKILL')
  await next.ended
  assert.equal(smtp.mails.length, 1)
})

test('SIGTERM ends it in order with exit code 0; a Ctrl-C is the library’s to hear', async () => {
  await using home = await noticeHome()
  const service = await serviceProcess(home.data)
  service.child.kill('SIGINT')
  assert.equal((await ask(service, aNotice())).status, 200)
  service.child.kill('SIGTERM')
  assert.equal(await service.ended, 0)
})

test('a start that cannot be says why and ends with its code', async () => {
  await using home = await noticeHome()
  await assert.rejects(serviceProcess(home.data, { BIBBY_SMTP_URL: 'smtp://mail.example.org' }), {
    exit: 2,
    message: /a test system never mails the public/,
  })
  const first = await serviceProcess(home.data)
  await assert.rejects(serviceProcess(home.data), { exit: 3, message: /Another notice service works in/ })
  const { port } = new URL(first.url)
  await using other = await noticeHome()
  await assert.rejects(serviceProcess(other.data, { BIBBY_NOTICE_PORT: port }), { exit: 1 })
  const file = fileURLToPath(import.meta.url)
  await assert.rejects(serviceProcess(file), { exit: 1, message: /The notice service cannot use/ })
  first.child.kill('SIGKILL')
  await first.ended
})

test('a line that a crash tore off is as if it was never written; all others stand', async () => {
  await using home = await noticeHome()
  const [whole, torn] = [aNotice(), aNotice()]
  const first = await home.start()
  await ask(first, whole)
  await first.stop()
  const memory = join(home.data, 'notices', 'memory')
  await appendFile(memory, `\0\0\0 garbage of a block\ntry ${torn.id} digest host 2026-11-23T00:00:00.000Z`)
  const second = await home.start()
  assert.equal((await ask(second, whole)).body.repeated, true)
  assert.equal((await ask(second, torn)).body.repeated, false)
  await second.stop()
  const lines = (await readFile(memory, 'utf8')).split('\n')
  assert.ok(lines.every((line) => line === '' || /^(?:kept|try|sent) [0-9a-f-]{36} /.test(line)))
})

test('10,000 notices through kept connections: each is at the mailbox once, and the memory stays short', async () => {
  await using smtp = await faultyMailServer()
  await using home = await noticeHome()
  let now = new Date('2026-03-01T12:00:00Z')
  const service = await home.start({ BIBBY_SMTP_URL: smtp.url }, { clock: () => now })
  const notices = Array.from({ length: 10_000 }, () => aNotice())
  const left = notices.values()
  const desk = async () => {
    for (const notice of left) assert.equal((await ask(service, notice)).body.repeated, false)
  }
  await Promise.all(Array.from({ length: 12 }, desk))
  const ids = new Set(smtp.mails.map(messageIdIn))
  assert.equal(smtp.mails.length, notices.length)
  assert.equal(ids.size, notices.length)
  // Each connection carries a hundred; a few more where two ended at once.
  assert.ok(smtp.talks() <= 150, `${smtp.talks()} connections`)
  await service.stop()

  const memory = join(home.data, 'notices', 'memory')
  now = new Date('2026-03-30T12:00:00Z')
  const month = await home.start({}, { clock: () => now })
  assert.equal((await ask(month, notices[0])).body.repeated, true)
  await month.stop()
  now = new Date('2026-04-01T12:00:01Z')
  await (await home.start({}, { clock: () => now })).stop()
  // A line each: the newest stay however old they are.
  assert.equal((await readFile(memory, 'utf8')).split('\n').length - 1, notices.length)
})

async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0)
    } catch {
      return
    }
    await new Promise(setImmediate)
  }
}
