import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** A mail server that keeps what it is given, or refuses it. */
export type Mailbox = AsyncDisposable & {
  readonly port: number
  readonly mails: { readonly to: string; readonly text: string }[]
  /** What is answered to the recipient; 250 takes it. */
  readonly answerRecipients: (line: string) => void
}

/** Speaks just enough SMTP on a free port of this machine. */
export async function mailbox(): Promise<Mailbox> {
  const mails: { to: string; text: string }[] = []
  const sockets = new Set<Socket>()
  let recipientAnswer = '250 fine'
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket)).on('error', () => undefined)
    let [held, to, isData] = ['', '', false]
    socket.write('220 here\r\n')
    socket.setEncoding('utf8').on('data', (piece: string) => {
      held += piece
      for (;;) {
        const end = held.indexOf(isData ? '\r\n.\r\n' : '\r\n')
        if (end < 0) return
        const line = held.slice(0, end)
        held = held.slice(end + (isData ? 5 : 2))
        if (isData) {
          mails.push({ to, text: line })
          isData = false
          socket.write('250 kept\r\n')
        } else if (/^RCPT/i.test(line)) {
          to = /<([^>]{0,300})>/.exec(line)?.[1] ?? ''
          socket.write(`${recipientAnswer}\r\n`)
        } else if (/^DATA/i.test(line)) {
          isData = true
          socket.write('354 go on\r\n')
        } else if (/^QUIT/i.test(line)) socket.end('221 bye\r\n')
        else socket.write('250 fine\r\n')
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    mails,
    answerRecipients: (line) => {
      recipientAnswer = line
    },
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
