import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** A server that is watched: it can be well, ill and gone. */
export type Patient = AsyncDisposable & {
  readonly url: string
  readonly port: number
  /** When each request was answered. */
  readonly answeredAt: number[]
  readonly requests: {
    readonly path: string
    readonly headers: IncomingMessage['headers']
    readonly body: string
  }[]
  /** Answers from now on so. */
  readonly be: (answer: (request: IncomingMessage, response: ServerResponse) => void) => void
}

/** Starts one that answers 200 on a free port, or on this one. */
export async function patient(port = 0): Promise<Patient> {
  const answeredAt: number[] = []
  const requests: { path: string; headers: IncomingMessage['headers']; body: string }[] = []
  let answer = (_: IncomingMessage, response: ServerResponse): void => {
    response.end('well')
  }
  const sockets = new Set<Socket>()
  const server = createServer(async (request, response) => {
    let body = ''
    for await (const piece of request) body += piece
    requests.push({ path: request.url ?? '', headers: request.headers, body })
    response.on('finish', () => answeredAt.push(Date.now()))
    answer(request, response)
  })
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const { port: listening } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${listening}`,
    port: listening,
    answeredAt,
    requests,
    be: (next) => {
      answer = next
    },
    [Symbol.asyncDispose]: async () => {
      server.close()
      for (const socket of sockets) socket.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
}
