import assert from 'node:assert/strict'
import { Agent, get, type IncomingMessage, request } from 'node:http'
import { test } from 'node:test'
import { aServedLibrary, bearing } from './api-fixtures.ts'

test('a server that closes finishes what is in flight, closes idle connections and takes nothing new', async () => {
  const entered = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  let isHeld = false
  await using at = await aServedLibrary({
    db: (db) => ({
      ...db,
      withConnection: (work) =>
        db.withConnection(async (connection) => {
          if (isHeld) {
            entered.resolve()
            await goOn.promise
          }
          return work(connection)
        }),
    }),
  })
  const token = await at.tokenOf('desk')
  const { port } = new URL(await at.app.listen({ port: 0, host: '127.0.0.1' }))
  const agent = new Agent({ keepAlive: true })
  // Left open and idle; it must not keep the server.
  await answered(get({ port, agent, path: '/actuator/health/liveness' }))
  await at.app.inject({ url: '/api/v1/branches' })

  isHeld = true
  const inFlight = request({
    port,
    path: '/api/v1/loans',
    method: 'POST',
    agent: new Agent({ keepAlive: true }),
    headers: { ...bearing(token), 'content-type': 'application/json' },
  })
  const answer = answered(inFlight)
  inFlight.end(JSON.stringify({ card: at.card, barcode: at.barcode, branch: at.branchCode }))
  await entered.promise
  const closed = at.app.close()
  goOn.resolve()
  const { status, headers } = await answer
  assert.equal(status, 201)
  assert.equal(headers.connection, 'close')
  await closed
  await assert.rejects(answered(get({ port, path: '/actuator/health/liveness' })), { code: 'ECONNREFUSED' })
  agent.destroy()
})

test('a request that never ends cannot keep a server from closing', async () => {
  await using at = await aServedLibrary({ limits: { closeMs: 300 } })
  const { port } = new URL(await at.app.listen({ port: 0, host: '127.0.0.1' }))
  const stuck = request({
    port,
    path: '/api/v1/sessions',
    method: 'POST',
    headers: { 'content-type': 'application/json', 'content-length': '100' },
  })
  const gone = new Promise((resolve) => stuck.on('close', resolve))
  stuck.on('error', () => undefined)
  const arrived = new Promise((resolve) => at.app.server.on('request', resolve))
  stuck.write('{')
  await arrived
  await at.app.close()
  await gone
})

function answered(
  sent: ReturnType<typeof request>,
): Promise<{ status: number; headers: IncomingMessage['headers'] }> {
  return new Promise((resolve, reject) => {
    sent.on('response', (answer) => {
      answer.resume()
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers }))
    })
    sent.on('error', reject)
  })
}
