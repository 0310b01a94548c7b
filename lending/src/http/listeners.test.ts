import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { test } from 'node:test'
import { setImmediate as aTurn } from 'node:timers/promises'
import Fastify from 'fastify'
import type { App } from './app.ts'
import { openListeners, type Told } from './listeners.ts'

/** A server of events whose heart is beaten by hand. */
async function aServer({
  tell,
  look,
  max,
}: {
  tell: () => Promise<Told>
  /** What is waited for before the first telling. */
  look?: (answer: ServerResponse) => Promise<void>
  max?: number
}) {
  const heart = new EventEmitter()
  const app = Fastify({ forceCloseConnections: true }) as unknown as App
  app.decorate('pulse', {
    onBeat: (listener: () => void) => {
      heart.on('beat', listener)
      return () => void heart.off('beat', listener)
    },
  } as never)
  const listeners = openListeners(app, max === undefined ? {} : { max })
  app.get('/', async (_request, reply) => {
    if (!listeners.takePlace(reply.raw)) return reply.code(503).send()
    await look?.(reply.raw)
    reply.hijack()
    listeners.add(reply.raw, tell)
    return reply
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  return {
    app,
    beat: () => heart.emit('beat'),
    listening: () => heart.listenerCount('beat'),
    address: `http://127.0.0.1:${port}/`,
    port,
    [Symbol.asyncDispose]: async () => app.close(),
  }
}

type Reader = { readonly next: (end: string) => Promise<string>; readonly rest: () => Promise<string> }

function reading(answer: Response): Reader {
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const read = async (until: () => boolean) => {
    while (!until()) {
      const { done, value } = await reader.read()
      if (done) break
      text += value
    }
    const all = text
    text = ''
    return all
  }
  return { next: (end) => read(() => text.includes(end)), rest: () => read(() => false) }
}

test('a listener is told at once, with each beat, and that nothing is new; the last one is told to load anew', async () => {
  const saying: Told[] = [{ event: 'now', text: 'one\ntwo' }, 'nothing-new', 'anew']
  await using at = await aServer({ tell: async () => saying.shift() ?? Promise.reject(new Error('no more')) })
  const answer = await fetch(at.address)
  assert.match(answer.headers.get('content-type') ?? '', /^text\/event-stream/)
  assert.equal(answer.headers.get('x-accel-buffering'), 'no')
  const reader = reading(answer)
  assert.equal(await reader.next('two\n\n'), 'retry: 5000\n\nevent: now\ndata: one\ndata: two\n\n')
  at.beat()
  assert.equal(await reader.next('\n\n'), ': still here\n\n')
  at.beat()
  assert.equal(await reader.rest(), 'event: anew\ndata:\n\n')
})

test('as many listen as may, and whoever leaves makes room', async () => {
  await using at = await aServer({ tell: async () => 'nothing-new', max: 2 })
  const leaving = new AbortController()
  const first = await fetch(at.address, { signal: leaving.signal })
  const second = await fetch(at.address)
  assert.equal((await fetch(at.address)).status, 503)
  leaving.abort()
  let status = 503
  while (status === 503) {
    const again = await fetch(at.address)
    status = again.status
    if (status === 503) await again.text()
  }
  assert.deepEqual([first.status, second.status, status], [200, 200, 200])
})

test('a place is taken before anything is looked up, and whoever leaves meanwhile gives it back', async () => {
  const looks = new EventEmitter()
  const look = async (answer: ServerResponse) => {
    const goesOn = once(looks, 'go-on')
    looks.emit('looking', answer)
    await goesOn
  }
  let tellings = 0
  const tell = async (): Promise<Told> => {
    tellings++
    return 'nothing-new'
  }
  await using at = await aServer({ tell, look, max: 1 })
  const looking = once(looks, 'looking')
  const leaving = new AbortController()
  const left = assert.rejects(fetch(at.address, { signal: leaving.signal }))
  const [answer] = (await looking) as [ServerResponse]
  assert.equal((await fetch(at.address)).status, 503)
  const closed = once(answer, 'close')
  leaving.abort()
  await Promise.all([left, closed])
  looks.emit('go-on')
  looks.once('looking', () => setImmediate(() => looks.emit('go-on')))
  assert.equal((await fetch(at.address)).status, 200)
  assert.equal(tellings, 1)
})

test('who does not read is dropped, and nobody else notices', async () => {
  const text = 'x'.repeat(100_000)
  await using at = await aServer({ tell: async () => ({ event: 'now', text }) })
  const deaf = connect({ port: at.port, host: '127.0.0.1' })
  deaf.on('error', () => undefined)
  deaf.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
  deaf.pause()
  const reader = reading(await fetch(at.address))
  const connections = () =>
    new Promise<number>((told) => at.app.server.getConnections((_error, count) => told(count)))
  while ((await connections()) < 2) await aTurn()
  // The kernel takes some megabytes on its own account.
  for (let beats = 0; beats < 2_000 && (await connections()) === 2; beats++) {
    at.beat()
    await reader.next('\n\n')
  }
  assert.equal(await connections(), 1)
  at.beat()
  assert.ok((await reader.next('\n\n')).length > 0)
  deaf.destroy()
})

test('when the server closes all listeners are sent away, and no beat reaches them', async () => {
  const at = await aServer({ tell: async () => 'nothing-new' })
  const answer = await fetch(at.address)
  const over = reading(answer).rest()
  const closed = at.app.close()
  await Promise.all([over, closed])
  assert.equal(at.listening(), 0)
})
