import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, open, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import { type CaughtBounds, keepWithin, messageIdIn } from './caught-files.ts'
import type { MailServer } from './config.ts'
import { isErrorOf } from './kept-secret.ts'
import { syncFolder } from './line-file.ts'

/** A mail server inside this process that delivers nothing: each mail becomes a file. */
export type Catcher = AsyncDisposable & { readonly server: MailServer }

const mailBytesMax = 10 * 1_048_576
const sameIdMax = 1_000

/**
 * Starts a mail server on a free port of this machine that writes each mail as `MESSAGEID.eml` into a folder, complete
 * and on the disk before it says that it has it. A second mail with the same Message-ID is `MESSAGEID.2.eml`. The oldest
 * go in time; see `caught-files.ts`.
 */
export async function catchMail(
  folder: string,
  options: { readonly clock: () => Date; readonly bounds?: CaughtBounds },
): Promise<Catcher> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const files = keepWithin(folder, options)
  const smtp = new SMTPServer({
    authOptional: true,
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    logger: false,
    size: mailBytesMax,
    onData: (stream, _session, done) => {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => {
        // What is too large is read to its end and not kept.
        if (stream.byteLength <= mailBytesMax) chunks.push(chunk)
      })
      stream.once('error', done)
      stream.once('end', () => {
        if (stream.sizeExceeded) return done(refusal(552, 'This mail is too large to be caught'))
        keep(folder, Buffer.concat(chunks)).then(
          () => {
            files.added()
            done(null, 'Caught; nobody gets it')
          },
          () => done(refusal(452, 'The folder of caught mail cannot be written')),
        )
      })
    },
  })
  smtp.on('error', () => undefined)
  smtp.listen(0, '127.0.0.1')
  await once(smtp.server, 'listening')
  const { port } = smtp.server.address() as AddressInfo
  return {
    server: { host: '127.0.0.1', port, secure: false, mustEncrypt: false },
    [Symbol.asyncDispose]: async () => {
      await new Promise<void>((resolve) => smtp.close(resolve))
      await files[Symbol.asyncDispose]()
    },
  }
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode })
}

async function keep(folder: string, mail: Buffer): Promise<void> {
  const half = join(folder, `.${randomUUID()}.half`)
  try {
    const file = await open(half, 'wx', 0o600)
    try {
      await file.writeFile(mail)
      await file.sync()
    } finally {
      await file.close()
    }
    await nameIt(half, join(folder, nameOf(mail)))
    await syncFolder(folder)
  } finally {
    await rm(half, { force: true })
  }
}

/** A link never replaces what is there, as a renaming would. */
async function nameIt(half: string, name: string): Promise<void> {
  for (let count = 1; count <= sameIdMax; count++) {
    try {
      return await link(half, count === 1 ? `${name}.eml` : `${name}.${count}.eml`)
    } catch (error) {
      if (!isErrorOf('EEXIST', error)) throw error
    }
  }
  throw new Error('Too many mails have the same Message-ID.')
}

/** By its Message-ID, or by a made-up name where that is not fit for a file. */
function nameOf(mail: Buffer): string {
  return messageIdIn(mail) ?? `without-id-${randomUUID()}`
}
