import { randomUUID } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'

/** A file that goes up as the body of a request. */
type Upload = { readonly path: string; readonly contentType: string }

/** What a verb asks of the library. */
type Ask = {
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: object
  readonly upload?: Upload
}

/** The library's API, over the network or inside this process. */
export type Api = AsyncDisposable & {
  /** Gives the answer's JSON. Throws ProblemError when the library says no. */
  readonly call: <Answer>(method: Method, path: string, ask?: Ask) => Promise<Answer>
  /** Gives the answer's bytes as they come. */
  readonly download: (path: string, ask?: Ask) => Promise<AsyncIterable<Uint8Array>>
}

/** The methods that the API knows. */
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One request, however it travels. */
export type Send = (request: {
  readonly method: Method
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Readable | undefined
}) => Promise<{ readonly status: number; readonly body: AsyncIterable<Uint8Array> }>

/** A refusal or fault as the library told it (RFC 9457). */
export type Problem = {
  readonly status: number
  readonly code: string
  readonly title: string
  readonly detail?: string
  readonly next?: string
}

/** The library said no, or could not. `problem` is its own account. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError'
  readonly code = 'BIBBY_PROBLEM'
  readonly problem: Problem
  constructor(problem: Problem) {
    super(problem.title)
    this.problem = problem
  }
}

/** A write whose outcome is unknown is asked again this often, under the same key. */
const settleTries = 5

/** The API over any way of sending. Writes carry an idempotency key, so asking again never does a thing twice. */
export function apiOver(send: Send, close: () => Promise<void>): Api {
  const request = async (method: Method, path: string, ask: Ask = {}) => {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (method !== 'GET') headers['idempotency-key'] = randomUUID()
    if (ask.upload) headers['content-type'] = ask.upload.contentType
    else if (ask.body) headers['content-type'] = 'application/json'
    for (let attempt = 1; ; attempt++) {
      const body = ask.upload
        ? createReadStream(ask.upload.path)
        : ask.body
          ? JSON.stringify(ask.body)
          : undefined
      const reply = await send({ method, path: withQuery(path, ask.query), headers, body })
      if (reply.status < 400) return reply
      const problem = await problemOf(reply)
      if (problem.code !== 'commit-unknown' || attempt === settleTries) throw new ProblemError(problem)
    }
  }
  return {
    call: async <Answer>(method: Method, path: string, ask?: Ask) => {
      const text = await textOf((await request(method, path, ask)).body)
      return (text === '' ? undefined : JSON.parse(text)) as Answer
    },
    download: async (path, ask) => (await request('GET', path, ask)).body,
    [Symbol.asyncDispose]: close,
  }
}

/** A running server at `address`, asked with the token of a signed-in member of staff. */
export function apiAt(address: string, token: string): Api {
  const send: Send = async ({ method, path, headers, body }) => {
    const response = await fetch(new URL(path, address), {
      method,
      headers: { ...headers, authorization: `Bearer ${token}` },
      ...(body === undefined
        ? {}
        : { body: typeof body === 'string' ? body : Readable.toWeb(body), duplex: 'half' }),
    })
    return { status: response.status, body: response.body ?? Readable.from([]) }
  }
  return apiOver(send, async () => undefined)
}

function withQuery(path: string, query: Ask['query']): string {
  const pairs = Object.entries(query ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as [string, string]],
  )
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs)}`
}

/** The longest problem that is read; the library's own are far shorter. */
const problemBytesMax = 1_000_000

async function problemOf({
  status,
  body,
}: {
  status: number
  body: AsyncIterable<Uint8Array>
}): Promise<Problem> {
  const text = await textOf(body, problemBytesMax)
  try {
    return {
      status,
      code: 'unknown',
      title: `The library answered ${status}.`,
      ...(JSON.parse(text) as object),
    }
  } catch {
    return {
      status,
      code: 'unknown',
      title: `The library answered ${status}, not in words that bibby knows.`,
    }
  }
}

async function textOf(body: AsyncIterable<Uint8Array>, bytesMax = Number.POSITIVE_INFINITY): Promise<string> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const part of body) {
    bytes += part.length
    if (bytes > bytesMax) break
    parts.push(part)
  }
  return Buffer.concat(parts).toString('utf8')
}
