import pg from 'pg'

/**
 * What became of asking the server to stop what runs on a connection. `delivered`: the server has told the session, and
 * what runs there later is not meant. `doubtful`: it may still be told, and the connection must not be used again.
 */
export type Cancelled = 'delivered' | 'not-sent' | 'doubtful'

/** What `pg` keeps of how it came to the server. Source: pg 8, lib/client.js. */
type Target = {
  readonly host: string
  readonly port: number
  readonly ssl: boolean | object
  readonly processID: number
  readonly secretKey: number
}

/** The part of `pg`'s connection that brings a cancel request. Source: pg 8, lib/connection.js. */
type Way = {
  readonly stream: { destroy(): void }
  on(event: 'connect' | 'sslconnect' | 'error' | 'end', heard: (error?: Error) => void): void
  connect(portOrPath: number | string, host?: string): void
  requestSsl(): void
  cancel(processID: number, secretKey: number): void
}
const Connection = pg.Connection as unknown as new (config: { ssl: boolean | object }) => Way

const deliveryLimitMs = 1_000

/**
 * Asks the server to stop what runs on this connection, over a short connection of its own that needs no sign-in and
 * no place in a pool. The server closes it once the session was told.
 */
export function cancelOn(connection: pg.ClientBase): Promise<Cancelled> {
  const { host, port, ssl, processID, secretKey } = connection as unknown as Target
  const { promise, resolve } = Promise.withResolvers<Cancelled>()
  const way = new Connection({ ssl })
  let isSent = false
  let isCutShort = false
  const cutShort = () => {
    isCutShort = true
    way.stream.destroy()
  }
  const late = setTimeout(cutShort, deliveryLimitMs)
  const send = () => {
    isSent = true
    way.cancel(processID, secretKey)
  }
  way.on('error', cutShort)
  way.on('end', () => {
    clearTimeout(late)
    if (!isSent) resolve('not-sent')
    else resolve(isCutShort ? 'doubtful' : 'delivered')
  })
  way.on('connect', () => (ssl ? way.requestSsl() : send()))
  way.on('sslconnect', send)
  if (host.startsWith('/')) way.connect(`${host}/.s.PGSQL.${port}`)
  else way.connect(port, host)
  return promise
}
