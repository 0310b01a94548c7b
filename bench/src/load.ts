import { once } from 'node:events'
import autocannon from 'autocannon'
import { barcodeOf, cardOf, desk } from './filled-library.ts'
import { percentiles } from './percentiles.ts'

/** How a load went; times in milliseconds, as the client saw them. */
export type Load = {
  readonly perSecond: number
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

type Limits =
  | { readonly seconds: number; readonly connections: number; readonly perSecond?: number }
  | { readonly requests: number; readonly connections: number }

/** Sends what `next` makes until the limit is reached. */
async function send(
  address: string,
  token: string,
  next: () => { readonly path: string; readonly body: object },
  limits: Limits,
): Promise<Load & { readonly statuses: ReadonlyMap<number, number> }> {
  const times: number[] = []
  const statuses = new Map<number, number>()
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
  const run = autocannon(
    {
      url: address,
      connections: limits.connections,
      ...('requests' in limits ? { amount: limits.requests } : { duration: limits.seconds }),
      ...('perSecond' in limits && limits.perSecond ? { overallRate: limits.perSecond } : {}),
      requests: [
        {
          method: 'POST',
          headers,
          setupRequest: (request) => {
            const { path, body } = next()
            return { ...request, path, body: JSON.stringify(body) }
          },
        },
      ],
    },
    (error) => {
      if (error) process.stderr.write(`${error}\n`)
    },
  )
  run.on('response', (_client, status, _bytes, milliseconds) => {
    times.push(milliseconds)
    statuses.set(status, (statuses.get(status) ?? 0) + 1)
  })
  const [result] = (await once(run, 'done')) as [autocannon.Result]
  if (result.errors > 0) throw new Error(`${result.errors} requests were not answered.`)
  return { perSecond: times.length / result.duration, ...percentiles(times), statuses }
}

/** Nothing but checkouts of copies from `from` on, each copy once; any other answer than 2xx ends the bench. */
export async function checkoutsFrom(
  address: string,
  token: string,
  { from, patrons, ...limits }: { readonly from: number; readonly patrons: number } & Limits,
): Promise<Load> {
  let n = from
  const load = await send(
    address,
    token,
    () => {
      n += 1
      return {
        path: '/api/v1/loans',
        body: { card: cardOf(n % patrons), barcode: barcodeOf(n), branch: desk.branch },
      }
    },
    limits,
  )
  const refused = [...load.statuses].filter(([status]) => status >= 300)
  if (refused.length > 0) throw new Error(`Not all were lent: ${JSON.stringify(refused)}`)
  return load
}

/** Checkouts, returns of what was lent, and searches, a third each. */
export async function dayAtTheDesk(
  address: string,
  token: string,
  {
    requests,
    patrons,
    copies,
    queries,
  }: {
    readonly requests: number
    readonly patrons: number
    readonly copies: number
    readonly queries: readonly string[]
  },
): Promise<Load> {
  let n = 0
  // Far enough behind that the loan has been made by the time that it is returned.
  const lag = 200
  return send(
    address,
    token,
    () => {
      n += 1
      const turn = Math.floor(n / 3)
      if (n % 3 === 0)
        return { path: '/api/v1/books/search', body: { query: queries[turn % queries.length] } }
      if (n % 3 === 1) {
        const body = { card: cardOf(turn % patrons), barcode: barcodeOf(turn % copies), branch: desk.branch }
        return { path: '/api/v1/loans', body }
      }
      return {
        path: '/api/v1/returns',
        body: { barcode: barcodeOf(Math.max(0, turn - lag) % copies), branch: desk.branch },
      }
    },
    { requests, connections: 16 },
  )
}
