import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'

/** Where a talk with a mail server may go wrong. */
export type Step = 'greeting' | 'ehlo' | 'mail' | 'rcpt' | 'data' | 'end'

/** What the server does at a step: says a line, hangs for ever, drops the connection (always, or once), or keeps the mail and drops. */
export type Act =
  | string
  | 'hang'
  | 'drop'
  | 'drop-once'
  | 'keep-and-drop'
  | { readonly afterMs: number; readonly say: string }

/** A mail server that does what a test asks, at the step it asks for. */
export type FaultyMailServer = AsyncDisposable & {
  readonly url: string
  /** The mails it took, each as it came. */
  readonly mails: readonly string[]
  /** Talks begun so far. */
  readonly talks: () => number
  /** From now on; without it all goes well. */
  readonly act: (step: Step, act: Act | undefined) => void
  /** Ends all talks. */
  readonly hangUp: () => void
  /** Settles when a talk has come to this step, from now on. */
  readonly reached: (step: Step) => Promise<void>
}

const good: Readonly<Record<Step, string>> = {
  greeting: '220 ready',
  ehlo: '250-here\r\n250 SIZE 1000000',
  mail: '250 ok',
  rcpt: '250 ok',
  data: '354 go on',
  end: '250 taken',
}

/** Starts one on a free port. */
export async function faultyMailServer(): Promise<FaultyMailServer> {
  const mails: string[] = []
  const acts = new Map<Step, Act>()
  const waiting = new Map<Step, (() => void)[]>()
  const sockets = new Set<Socket>()
  let talks = 0

  const at = async (step: Step, socket: Socket, mail?: string): Promise<void> => {
    for (const resolve of waiting.get(step)?.splice(0) ?? []) resolve()
    const act = acts.get(step) ?? good[step]
    if (act === 'hang') return
    if (act === 'drop-once') acts.delete(step)
    if (act === 'drop' || act === 'drop-once') return void socket.destroy()
    if (act === 'keep-and-drop') {
      if (mail !== undefined) mails.push(mail)
      return void socket.destroy()
    }
    const say = typeof act === 'string' ? act : act.say
    if (mail !== undefined && say.startsWith('2')) mails.push(mail)
    if (typeof act !== 'string') await wait(act.afterMs)
    socket.write(`${say}\r\n`)
  }

  const server = createServer((socket) => {
    talks += 1
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.once('close', () => sockets.delete(socket))
    // A talk that the other side breaks off is over, and no fault of the test.
    talk(socket, at).catch(() => undefined)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `smtp://127.0.0.1:${(server.address() as AddressInfo).port}`,
    mails,
    talks: () => talks,
    act: (step, act) => void (act === undefined ? acts.delete(step) : acts.set(step, act)),
    hangUp: () => sockets.forEach((socket) => void socket.destroy()),
    reached: (step) =>
      new Promise((resolve) => {
        waiting.set(step, [...(waiting.get(step) ?? []), resolve])
      }),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const steps: Readonly<Record<string, Step>> = { EHLO: 'ehlo', MAIL: 'mail', RCPT: 'rcpt', DATA: 'data' }

async function talk(socket: Socket, at: (step: Step, socket: Socket, mail?: string) => Promise<void>) {
  await at('greeting', socket)
  let mail: string[] | undefined
  const lines = createInterface({ input: socket, crlfDelay: Number.POSITIVE_INFINITY })
  // After QUIT nobody reads on, and the other side may end its connection roughly.
  lines.on('error', () => undefined)
  for await (const line of lines) {
    if (mail && line === '.') {
      const whole = mail.join('\n')
      mail = undefined
      await at('end', socket, whole)
    } else if (mail) {
      mail.push(line)
    } else {
      const verb = line.slice(0, 4).toUpperCase()
      if (verb === 'QUIT') return void socket.end('221 bye\r\n')
      const step = steps[verb]
      if (step) await at(step, socket)
      else socket.write('250 ok\r\n')
      if (step === 'data') mail = []
    }
  }
}

/** The Message-ID of a mail as it came. */
export function messageIdIn(mail: string): string {
  return /^Message-ID: (<\S{1,300}>)/im.exec(mail)?.[1] ?? ''
}
