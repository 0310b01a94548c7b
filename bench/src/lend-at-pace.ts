import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { setTimeout as wait } from 'node:timers/promises'
import { barcodeOf, cardOf, desk } from './filled-library.ts'

const connections = 24

/** A desk of a filled library, and how much it lends. */
export type Desk = {
  readonly address: string
  readonly token: string
  /** Who borrow, in turn. */
  readonly patrons: number
  readonly perSecond: number
}

/** Lends at an even pace, whatever the answers take; gives the time of each, in the order in which they were asked. */
export async function lendAtPace(
  { address, token, patrons, perSecond }: Desk,
  { from, count }: { readonly from: number; readonly count: number },
): Promise<readonly number[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const under: Promise<number>[] = []
  const begun = performance.now()
  for (let n = 0; n < count; n++) {
    await wait(Math.max(0, begun + (n * 1_000) / perSecond - performance.now()))
    const body = { card: cardOf((from + n) % patrons), barcode: barcodeOf(from + n), branch: desk.branch }
    under.push(lendOne(`${address}/api/v1/loans`, { agent, token, body: JSON.stringify(body) }))
  }
  const times = await Promise.all(under)
  agent.destroy()
  return times
}

async function lendOne(
  url: string,
  { agent, token, body }: { readonly agent: Agent; readonly token: string; readonly body: string },
): Promise<number> {
  const begun = performance.now()
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  const asked = request(url, { method: 'POST', agent, headers })
  asked.end(body)
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  reply.resume()
  await once(reply, 'end')
  if (reply.statusCode !== 201) throw new Error(`A checkout was answered ${reply.statusCode}.`)
  return performance.now() - begun
}
