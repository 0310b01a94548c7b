import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { link, mkdir, open, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { SMTPServer } from 'smtp-server'
import type { MailServer } from './config.ts'
import { isErrorOf } from './kept-secret.ts'
import { syncFolder } from './line-file.ts'

/** A mail server inside this process that delivers nothing: each mail becomes a file. */
export type Catcher = AsyncDisposable & { readonly server: MailServer }

const mailBytesMax = 10 * 1_048_576
const sameIdMax = 1_000

/**
 * Starts a mail server on a free port of this machine that writes each mail as `MESSAGEID.eml` into a folder, complete
 * and on the disk before it says that it has it. A second mail with the same Message-ID is `MESSAGEID.2.eml`.
 */
export async function catchMail(folder: string): Promise<Catcher> {
  await mkdir(folder, { recursive: true, mode: 0o700 })
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
          () => done(null, 'Caught; nobody gets it'),
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
    [Symbol.asyncDispose]: () => new Promise((resolve) => smtp.close(() => resolve())),
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

/** The Message-ID without its brackets, or a made-up name where it is not fit for a file. */
function nameOf(mail: Buffer): string {
  const end = mail.indexOf('\r\n\r\n')
  const head = mail.subarray(0, Math.max(end, 0)).toString('latin1')
  const [, id = ''] = /^Message-ID:\s{1,5}<([A-Za-z0-9][A-Za-z0-9@._-]{0,200})>/im.exec(head) ?? []
  return id || `without-id-${randomUUID()}`
}
