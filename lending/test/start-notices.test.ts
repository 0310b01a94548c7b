import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { untilGone } from '../src/postgres/postmaster.ts'
import { temporaryHome } from './bibby-process.ts'

const goneLimitMs = 60_000

test('a start brings the notice service, which comes again when it dies and goes with the library', async () => {
  await using home = await temporaryHome()
  const port = await freePort()
  const bibby = home.start({ BIBBY_NOTICE_PORT: String(port) })
  await bibby.ready
  const first = await servicePid(port)
  const id = randomUUID()
  assert.equal((await tell(home.data, port, id)).repeated, false)
  process.kill(first, 'SIGKILL')
  assert.ok(await untilGone(first, goneLimitMs))
  const second = await servicePid(port)
  assert.notEqual(second, first)
  assert.equal((await tell(home.data, port, id)).repeated, true)
  assert.equal((await readdir(join(home.data, 'notices', 'mail'))).length, 1)
  bibby.kill('SIGTERM')
  const { code, stderr } = await bibby.ended
  assert.equal(code, 0)
  assert.match(
    stderr,
    /^The notice service ended: SIGKILL\. It is started again; notices wait meanwhile\.\n$/,
  )
  assert.ok(await untilGone(second, goneLimitMs))
})

test('a library that is killed leaves no notice service behind', async () => {
  await using home = await temporaryHome()
  const port = await freePort()
  const bibby = home.start({ BIBBY_NOTICE_PORT: String(port) })
  await bibby.ready
  const service = await servicePid(port)
  bibby.kill('SIGKILL')
  assert.ok(await untilGone(service, goneLimitMs))
})

test('a taken port of the notice service refuses the start in one sentence, unless the service runs elsewhere', async () => {
  await using home = await temporaryHome()
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  const { port } = taken.address() as AddressInfo
  const { code, stderr } = await home.start({ BIBBY_NOTICE_PORT: String(port) }).ended
  assert.equal(code, 1)
  assert.equal(
    stderr,
    `Port ${port} on 127.0.0.1 is taken by another program. Stop it, or set BIBBY_NOTICE_PORT to another port (0 lets the system choose). (BIBBY_PORT_TAKEN)\n`,
  )
  const elsewhere = home.start({
    BIBBY_NOTICE_PORT: String(port),
    BIBBY_NOTICE_URL: 'https://notices.example.org',
    BIBBY_NOTICE_TOKEN: 'a-token-that-is-long-enough',
  })
  await elsewhere.ready
  elsewhere.kill('SIGTERM')
  assert.deepEqual((({ code, stderr }) => ({ code, stderr }))(await elsewhere.ended), { code: 0, stderr: '' })
  assert.ok(!(await readdir(home.data)).includes('notices'))
  taken.close()
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** The process of the service, once it answers: nobody waits for it but this test. */
async function servicePid(port: number): Promise<number> {
  for (;;) {
    const reply = await fetch(`http://127.0.0.1:${port}/actuator/info`).catch(() => undefined)
    if (!reply) continue
    return ((await reply.json()) as { process: { pid: number } }).process.pid
  }
}

async function tell(data: string, port: number, id: string): Promise<{ repeated?: boolean }> {
  const token = (await readFile(join(data, 'notices', 'notice-token'), 'utf8')).trim()
  const reply = await fetch(`http://127.0.0.1:${port}/api/v1/notifications`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id, to: { email: 'ada@example.org' }, subject: 'Hello', text: 'Hello' }),
  })
  return (await reply.json()) as { repeated?: boolean }
}
