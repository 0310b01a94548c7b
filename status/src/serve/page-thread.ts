import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parentPort, workerData } from 'node:worker_threads'
import { addressCap } from './address-cap.ts'
import type { Asked, Replied, ThreadGiven } from './page-server.ts'
import { staticFiles } from './static-file.ts'

/**
 * Serves the page, on a thread of its own: a database that hangs, a disk that is slow or a publisher that is stuck hold
 * up the main thread and not this one. What needs the main thread is asked of it, with a deadline.
 */

const bodyBytesMost = 256 * 1024
const replyMs = 3_000
const waitingMost = 100
const connectionsMost = 500
const methodsOf: ReadonlyMap<string, readonly string[]> = new Map([
  ['/healthz', ['GET', 'HEAD']],
  ['/metrics', ['GET', 'HEAD']],
  ['/report', ['POST']],
  ['/subscribe', ['GET', 'HEAD', 'POST']],
  ['/confirm', ['GET', 'HEAD', 'POST']],
  ['/leave', ['GET', 'HEAD', 'POST']],
])
const headers = {
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'",
  'cross-origin-opener-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

const { folder, host, port, perAddressMost } = workerData as ThreadGiven
const fileOf = staticFiles(folder)
const waiting = new Map<number, (replied: Replied) => void>()
let asked = 0

const server = createServer(
  { requestTimeout: 15_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 },
  (request, response) => {
    answer(request, response).catch(() => {
      if (!response.headersSent) response.writeHead(500, headers)
      response.end()
    })
  },
)
server.maxConnections = connectionsMost
server.on('connection', addressCap(perAddressMost))
// Who asks and does not read is let go; answers that wait for them are memory.
server.setTimeout(15_000, (socket) => void socket.destroy())
server.maxRequestsPerSocket = 100
server.on('error', (error) => parentPort?.postMessage({ failed: error.message }))
server.listen(port, host, () =>
  parentPort?.postMessage({ listening: (server.address() as AddressInfo).port }),
)
parentPort?.on('message', (replied: Replied) => waiting.get(replied.id)?.(replied))

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, search } = new URL(`http://page${request.url?.startsWith('/') ? request.url : '/'}`)
  const methods = methodsOf.get(pathname) ?? ['GET', 'HEAD']
  const method = request.method ?? ''
  if (!methods.includes(method)) {
    response.writeHead(405, { ...headers, allow: methods.join(', ') }).end()
    return
  }
  if (methodsOf.has(pathname)) await askMain(request, response, { pathname, search, method })
  else await serveFile(request, response, pathname)
}

async function serveFile(
  request: IncomingMessage,
  response: ServerResponse,
  pathname: string,
): Promise<void> {
  const found = await fileOf(pathname)
  const file = found ?? (await fileOf('/404.html'))
  if (!file) {
    response
      .writeHead(404, { ...headers, 'content-type': 'text/plain; charset=utf-8' })
      .end('There is no such page.\n')
    return
  }
  const isShared = pathname.startsWith('/api/') || pathname.startsWith('/badge')
  const all = {
    ...headers,
    // Asked for again each time, and answered with nothing when it is the same: a status of yesterday is worth nothing.
    'cache-control': 'no-cache',
    etag: file.etag,
    ...(isShared
      ? { 'access-control-allow-origin': '*' }
      : { 'cross-origin-resource-policy': 'same-origin' }),
  }
  if (found && request.headers['if-none-match']?.includes(file.etag)) {
    response.writeHead(304, all).end()
    return
  }
  response.writeHead(found ? 200 : 404, {
    ...all,
    'content-type': file.type,
    'content-length': file.content.length,
  })
  response.end(request.method === 'HEAD' ? undefined : file.content)
}

async function askMain(
  request: IncomingMessage,
  response: ServerResponse,
  { pathname, search, method }: { pathname: string; search: string; method: string },
): Promise<void> {
  const body = await bodyOf(request)
  const plain = { ...headers, 'cache-control': 'no-store', 'content-type': 'text/plain; charset=utf-8' }
  if (body === undefined) {
    response.writeHead(413, plain).end(`A body may have at most ${bodyBytesMost} bytes.\n`)
    return
  }
  const replied =
    waiting.size >= waitingMost
      ? undefined
      : await reply({ pathname, search, method, body, headers: request.headers })
  if (!replied) {
    response
      .writeHead(503, { ...plain, 'retry-after': '5' })
      .end('The status page is served, and its own loop stands still.\n')
    return
  }
  response.writeHead(replied.status, { ...plain, ...replied.headers })
  response.end(method === 'HEAD' ? undefined : replied.body)
}

function reply(ask: Omit<Asked, 'id'>): Promise<Replied | undefined> {
  asked += 1
  const id = asked
  return new Promise<Replied | undefined>((resolve) => {
    const timer = setTimeout(() => resolve(undefined), replyMs)
    waiting.set(id, (replied) => {
      clearTimeout(timer)
      resolve(replied)
    })
    parentPort?.postMessage({ ...ask, id } satisfies Asked)
  }).finally(() => waiting.delete(id))
}

async function bodyOf(request: IncomingMessage): Promise<string | undefined> {
  const pieces: Buffer[] = []
  let bytes = 0
  for await (const piece of request as AsyncIterable<Buffer>) {
    bytes += piece.length
    if (bytes > bodyBytesMost) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}
