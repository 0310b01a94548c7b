import { constants } from 'node:fs'
import { lstat, open, opendir } from 'node:fs/promises'
import { join } from 'node:path'
import PostalMime, { type Address, type Email } from 'postal-mime'
import { systemCode } from '../start-error.ts'

/** What becomes of mail: a file in the data folder, given to a mail server, or a matter of a service elsewhere. */
export type MailGoes = 'to-files' | 'to-a-server' | 'elsewhere'

/** A caught mail in a list; what it says where it was read. */
export type CaughtMail = {
  readonly name: string
  readonly caughtAt: Date
  readonly bytes: number
  readonly said: MailSaid | undefined
}

/** What a mail says, as text. */
export type MailSaid = {
  readonly from: string
  readonly to: string
  readonly subject: string
  /** Undefined where it has no plain text. */
  readonly text: string | undefined
  readonly attachments: readonly string[]
}

/** A list shows so many, the newest. */
export const caughtMax = 100
/** A larger mail is named, and not read. */
export const mailBytesMax = 1_000_000
/** One list reads so much in all. */
const listBytesMax = 4_000_000
/** Of more files than this some are not looked at. */
const namesMax = 20_000

/** The newest mails that were caught, and whether there are more files than were looked at. */
export async function caughtMails(
  dataFolder: string,
): Promise<{ readonly mails: readonly CaughtMail[]; readonly notAll: boolean }> {
  const folder = folderIn(dataFolder)
  const { names, notAll } = await namesIn(folder)
  const found: Omit<CaughtMail, 'said'>[] = []
  for (const name of names) {
    const mail = await looked(folder, name)
    if (mail) found.push(mail)
  }
  const newest = found.toSorted((a, b) => b.caughtAt.getTime() - a.caughtAt.getTime()).slice(0, caughtMax)
  const mails: CaughtMail[] = []
  let left = listBytesMax
  for (const mail of newest) {
    left -= Math.min(mail.bytes, mailBytesMax + 1)
    mails.push({ ...mail, said: left < 0 ? undefined : await read(folder, mail) })
  }
  return { mails, notAll }
}

/** One caught mail by its name; undefined where there is none. */
export async function caughtMail(dataFolder: string, name: string): Promise<CaughtMail | undefined> {
  const folder = folderIn(dataFolder)
  const mail = isName(name) ? await looked(folder, name) : undefined
  return mail && { ...mail, said: await read(folder, mail) }
}

const folderIn = (dataFolder: string) => join(dataFolder, 'notices', 'mail')

/** As the catcher names them: nothing that leads out of the folder. */
function isName(name: string): boolean {
  return /^[A-Za-z0-9][A-Za-z0-9@._-]{0,240}\.eml$/.test(name)
}

async function namesIn(folder: string): Promise<{ readonly names: string[]; readonly notAll: boolean }> {
  const names: string[] = []
  try {
    for await (const { name } of await opendir(folder)) {
      if (names.length === namesMax) return { names, notAll: true }
      if (isName(name)) names.push(name)
    }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
  return { names, notAll: false }
}

async function looked(folder: string, name: string): Promise<Omit<CaughtMail, 'said'> | undefined> {
  try {
    const file = await lstat(join(folder, name))
    return file.isFile() ? { name, caughtAt: file.mtime, bytes: file.size } : undefined
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENAMETOOLONG') return undefined
    throw error
  }
}

async function read(
  folder: string,
  { name, bytes }: Omit<CaughtMail, 'said'>,
): Promise<MailSaid | undefined> {
  if (bytes > mailBytesMax) return undefined
  try {
    await using file = await open(join(folder, name), constants.O_RDONLY | constants.O_NOFOLLOW)
    const content = Buffer.alloc(bytes)
    const { bytesRead } = await file.read(content, 0, bytes, 0)
    const options = { maxNestingDepth: 20, maxHeadersSize: 100_000, maxRfc822NestingDepth: 0 }
    return saidBy(await PostalMime.parse(content.subarray(0, bytesRead), options))
  } catch {
    // Removed meanwhile, or no mail: its name says all that can be said.
    return undefined
  }
}

function saidBy({ from, to, subject, text, attachments }: Email): MailSaid {
  return {
    from: from ? addressText(from) : '',
    to: (to ?? []).map(addressText).join(', '),
    subject: subject ?? '',
    text,
    attachments: attachments.map(({ filename, mimeType }) => filename ?? mimeType),
  }
}

function addressText({ name, address }: Address): string {
  return [name, address && `<${address}>`].filter(Boolean).join(' ')
}
