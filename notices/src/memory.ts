import { openLineFile } from './line-file.ts'

/** What is remembered of a notice: nothing of whom it went to or what it said. */
export type Remembered = {
  /** An HMAC of what it said. */
  readonly digest: string
  /** What its Message-ID ends with; it stays even when the sender’s address changes. */
  readonly host: string
  /** How often it was given to a mail server that may have taken it. */
  readonly tries: number
  readonly isSent: boolean
  readonly at: Date
}

/** Which notices were given to a mail server, and what became of them. It outlives a crash at any moment. */
export type Memory = {
  readonly recall: (id: string) => Remembered | undefined
  /** To be waited for before the first byte of the mail leaves. */
  readonly trying: (id: string, what: Pick<Remembered, 'digest' | 'host'>) => Promise<void>
  /** It is sent, even if that cannot be written down: the disk then still knows of the try. */
  readonly sent: (id: string) => Promise<void>
  /** The mail server said no: the last try did not happen. */
  readonly notTaken: (id: string) => Promise<void>
  readonly size: () => number
  readonly close: () => Promise<void>
}

/** An id may be asked for again this long; the library gives up much earlier. */
const keptMs = 30 * 24 * 60 * 60_000
/** So many that were tried last stay, however old they look: a clock that is wrong by years forgets none that may come again. */
const newestStayDefault = 10_000

/**
 * Opens the memory in this file. A line is `try ID DIGEST HOST TIME`, `sent ID TIME`, `not-taken ID TIME`, or, written
 * when the file is made shorter, `kept ID DIGEST HOST TRIES sent|unknown TIME`. Lines that are none of these are left out.
 */
export async function openMemory(
  path: string,
  { clock, newestStay = newestStayDefault }: { clock: () => Date; newestStay?: number },
): Promise<Memory> {
  const known = new Map<string, Remembered>()
  const change = (line: string) => apply(known, line)
  const forgetOld = () => {
    const oldest = clock().getTime() - keptMs
    let older = known.size - newestStay
    for (const [id, { at }] of known) {
      if (older-- <= 0) return
      if (at.getTime() < oldest) known.delete(id)
    }
  }
  const file = await openLineFile(path, {
    restore: (lines) => lines.forEach(change),
    snapshot: () => {
      forgetOld()
      return [...known].map(([id, remembered]) => kept(id, remembered))
    },
  })
  const now = () => clock().toISOString()
  return {
    recall: (id) => known.get(id),
    trying: (id, { digest, host }) => {
      const line = `try ${id} ${digest} ${host} ${now()}`
      return file.append(line, () => change(line))
    },
    sent: (id) => {
      const line = `sent ${id} ${now()}`
      change(line)
      return file.append(line, () => undefined)
    },
    notTaken: (id) => {
      const line = `not-taken ${id} ${now()}`
      return file.append(line, () => change(line))
    },
    size: () => known.size,
    close: file.close,
  }
}

const kept = (id: string, { digest, host, tries, isSent, at }: Remembered) =>
  `kept ${id} ${digest} ${host} ${tries} ${isSent ? 'sent' : 'unknown'} ${at.toISOString()}`

function apply(known: Map<string, Remembered>, line: string): void {
  const [verb, id = '', ...rest] = line.split(' ')
  const at = new Date(rest.at(-1) ?? '')
  if (id === '' || Number.isNaN(at.getTime())) return
  const before = known.get(id)
  if (verb === 'kept' && rest.length === 5) {
    const [digest = '', host = '', tries, end] = rest
    known.set(id, { digest, host, tries: Number(tries), isSent: end === 'sent', at })
  } else if (verb === 'try' && rest.length === 3) {
    const [digest = '', host = ''] = rest
    // They stand in the order in which they were tried last.
    known.delete(id)
    known.set(id, { digest, host, tries: (before?.tries ?? 0) + 1, isSent: false, at })
  } else if (verb === 'sent' && before) {
    known.set(id, { ...before, isSent: true, at })
  } else if (verb === 'not-taken' && before) {
    if (before.tries > 1) known.set(id, { ...before, tries: before.tries - 1, at })
    else known.delete(id)
  }
}
