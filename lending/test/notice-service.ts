import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Letter } from '../src/notices/deliver.ts'

/** How the service behaves to one request. */
export type Behaviour =
  | 'sent'
  | 'away'
  | 'puts-off'
  | 'by-policy'
  | 'refused'
  | 'unknown-kept'
  | 'unknown-lost'
  | 'dropped'
  | 'hangs'
  | 'hangs-kept'

/** A notice service of the test's own, on a real port, that speaks the contract and behaves as it is told. */
export type TestNoticeService = AsyncDisposable & {
  readonly url: string
  /** Every letter that reached a mailbox, by id; the same id a second time is a repeat and not here. */
  readonly mailbox: Map<string, Letter>
  readonly repeats: () => number
  readonly requests: () => number
  /** Settles when so many requests have come in. */
  readonly asked: (times: number) => Promise<void>
}

/** The token that the service knows its library by. */
export const noticeToken = 'token-of-the-tests'

/** Starts one. `behave` is asked for each request, the first being number 1. */
export async function noticeService(
  behave: (letter: Letter, nth: number) => Behaviour = () => 'sent',
  { port = 0 }: { readonly port?: number } = {},
): Promise<TestNoticeService> {
  const mailbox = new Map<string, Letter>()
  let [repeats, requests] = [0, 0]
  const waiting: { times: number; resolve: () => void }[] = []
  const server = createServer((request, response) => {
    void letterOf(request).then((letter) => {
      requests += 1
      for (const { times, resolve } of waiting) if (requests >= times) resolve()
      if (request.headers.authorization !== `Bearer ${noticeToken}`)
        return answer(response, 401, { code: 'sign-in' })
      const take = () => {
        if (mailbox.has(letter.id)) repeats += 1
        else mailbox.set(letter.id, letter)
        return repeats
      }
      const repeated = mailbox.has(letter.id)
      const how = behave(letter, requests)
      if (how === 'puts-off') return answer(response, 503, { code: 'mail-put-off' })
      if (how === 'by-policy') return answer(response, 503, { code: 'refused-by-policy' })
      if (how === 'away') return answer(response, 503, { code: 'mail-server-unavailable' })
      if (how === 'refused') return answer(response, 422, { code: 'refused-by-mail-server' })
      if (how === 'unknown-lost') return answer(response, 504, { code: 'outcome-unknown' })
      if (how === 'hangs') return undefined
      take()
      if (how === 'hangs-kept') return undefined
      if (how === 'unknown-kept') return answer(response, 504, { code: 'outcome-unknown' })
      if (how === 'dropped') return request.socket.destroy()
      return answer(response, 200, { outcome: 'sent', messageId: `<${letter.id}@test>`, repeated })
    })
  })
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mailbox,
    repeats: () => repeats,
    requests: () => requests,
    asked: (times) =>
      new Promise((resolve) => {
        if (requests >= times) resolve()
        else waiting.push({ times, resolve })
      }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function letterOf(request: IncomingMessage): Promise<Letter> {
  let text = ''
  for await (const chunk of request) text += chunk
  return JSON.parse(text) as Letter
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
