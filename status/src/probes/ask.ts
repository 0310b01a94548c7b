import { type IncomingHttpHeaders, request as overHttp } from 'node:http'
import { request as overHttps } from 'node:https'
import type { LookupFunction } from 'node:net'
import { performance } from 'node:perf_hooks'

const bytesMost = 4 * 1024 * 1024

/** What is asked of a server. */
export type Question = {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** For all of it: name, connection, TLS, answer, to its last byte. */
  readonly timeoutMs: number
  readonly lookup?: LookupFunction
  /** The most bytes of the answer that are taken. */
  readonly bytesMost?: number
}

/** What it answered, and after how long by a clock that nobody sets. */
export type Answer = {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly ms: number
}

/** Asks on a connection of its own, as a stranger would. Rejects with a sentence when there is no whole answer in time. */
export function ask(address: string, question: Question): Promise<Answer> {
  const url = new URL(address)
  const began = performance.now()
  const most = question.bytesMost ?? bytesMost
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? overHttps : overHttp
    const body = question.body === undefined ? undefined : Buffer.from(question.body)
    const request = send(url, {
      agent: false,
      method: question.method ?? 'GET',
      ...(question.lookup ? { lookup: question.lookup } : {}),
      headers: {
        'user-agent': 'bibby-status',
        connection: 'close',
        ...(body ? { 'content-length': String(body.length) } : {}),
        ...question.headers,
      },
    })
    const end = (error: Error) => {
      clearTimeout(timer)
      request.destroy()
      reject(error)
    }
    const timer = setTimeout(
      () => end(new Error(`It gives no answer within ${question.timeoutMs} ms.`)),
      question.timeoutMs,
    )
    request.on('error', (error) =>
      end(new Error(`It gives no answer (${wordFor(error)}).`, { cause: error })),
    )
    request.on('response', (response) => {
      const pieces: Buffer[] = []
      let bytes = 0
      response.on('data', (piece: Buffer) => {
        bytes += piece.length
        if (bytes > most) end(new Error(`Its answer is longer than ${most} bytes.`))
        else pieces.push(piece)
      })
      response.on('error', (error) =>
        end(new Error(`Its answer broke off (${wordFor(error)}).`, { cause: error })),
      )
      response.on('end', () => {
        clearTimeout(timer)
        const { statusCode: status = 0, headers } = response
        resolve({
          status,
          headers,
          text: Buffer.concat(pieces).toString('utf8'),
          ms: performance.now() - began,
        })
      })
    })
    request.end(body)
  })
}

/** The code of a fault, or its words. */
export function wordFor(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? (error instanceof Error ? error.message : 'fault')
}
