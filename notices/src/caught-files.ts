import { lstat, open, opendir, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** How much caught mail is kept. */
export type CaughtBounds = {
  /** So many files; when there are a tenth more the oldest go. */
  readonly filesMax: number
  readonly daysMax: number
  /** The newest stay however old they look: a clock that is years ahead takes no more than the rest. */
  readonly newestStay: number
}

/** What is kept unless a test asks for another. */
export const caughtBounds: CaughtBounds = { filesMax: 10_000, daysMax: 30, newestStay: 100 }

/** The folder of caught mail, kept within its bounds: at the start, when mail comes, and every six hours. */
export type CaughtFiles = AsyncDisposable & { readonly added: () => void }

const everyMs = 6 * 60 * 60_000
const dayMs = 24 * 60 * 60_000

/** Begins to keep the folder within its bounds. What cannot be removed stays, and is no reason to refuse mail. */
export function keepWithin(
  folder: string,
  { clock, bounds = caughtBounds }: { readonly clock: () => Date; readonly bounds?: CaughtBounds },
): CaughtFiles {
  let there = 0
  let tidying: Promise<void> | undefined
  const tidy = () => {
    tidying ??= tidyCaught(folder, { now: clock(), bounds })
      .then(
        (left) => {
          there = left
        },
        () => undefined,
      )
      .finally(() => {
        tidying = undefined
      })
  }
  tidy()
  const timer = setInterval(tidy, everyMs).unref()
  return {
    added: () => {
      there += 1
      if (there > bounds.filesMax * 1.1) tidy()
    },
    [Symbol.asyncDispose]: async () => {
      clearInterval(timer)
      await tidying
    },
  }
}

/** As the catcher names a mail of the service, and one that it may name by nothing in it. */
const mailName =
  /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}@[A-Za-z0-9._-]{1,200}|without-id-[0-9a-f-]{36})(?:\.\d{1,4})?\.eml$/
const halfName = /^\.[0-9a-f-]{36}\.half$/

/** Removes what is over the bounds, the oldest first, and nothing that the catcher did not write. Gives how many mails are left. */
export async function tidyCaught(
  folder: string,
  { now, bounds: { filesMax, daysMax, newestStay } }: { readonly now: Date; readonly bounds: CaughtBounds },
): Promise<number> {
  const mails: { readonly name: string; readonly at: number }[] = []
  for await (const { name } of await opendir(folder)) {
    const isHalf = halfName.test(name)
    if (!isHalf && !mailName.test(name)) continue
    const file = await lstat(join(folder, name)).catch(() => undefined)
    // A link, or another name of something that lies elsewhere, is none of ours.
    if (!file?.isFile() || file.nlink > 1) continue
    if (!isHalf) mails.push({ name, at: file.mtimeMs })
    else if (now.getTime() - file.mtimeMs > dayMs) await rm(join(folder, name), { force: true })
  }
  mails.sort((one, other) => other.at - one.at)
  const oldest = now.getTime() - daysMax * dayMs
  const over = mails.filter(({ at }, nth) => nth >= filesMax || (nth >= newestStay && at < oldest))
  let removed = 0
  for (const { name } of over) {
    const path = join(folder, name)
    if (!(await isCaught(path, name))) continue
    await rm(path, { force: true })
    removed += 1
  }
  return mails.length - removed
}

/** The head of any mail of ours is shorter. */
const headBytesMax = 65_536

/** Whether a file says inside what its name says. */
async function isCaught(path: string, name: string): Promise<boolean> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(headBytesMax), 0, headBytesMax, 0)
  const id = messageIdIn(buffer.subarray(0, bytesRead))
  return id === undefined ? name.startsWith('without-id-') : name.startsWith(`${id}.`)
}

/** The Message-ID of a mail without its brackets; undefined where it has none that is fit for the name of a file. */
export function messageIdIn(mail: Buffer): string | undefined {
  const end = mail.indexOf('\r\n\r\n')
  const head = mail.subarray(0, Math.max(end, 0)).toString('latin1')
  const [, id] = /^Message-ID:\s{1,5}<([A-Za-z0-9][A-Za-z0-9@._-]{0,200})>/im.exec(head) ?? []
  return id
}
