import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeKind, scannedInto } from '../../circulation/code-kind.ts'
import { type Lent, lend } from '../../circulation/lend.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import type { Override } from '../../circulation/override.ts'
import { type TakenBack, takeBack } from '../../circulation/take-back.ts'
import { nobodyHas } from '../../patrons/merged-card.ts'
import { may } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import type { address } from './address.ts'
import { asked, scanned } from './asked.ts'
import { commandCodes, commandOf, commands } from './desk-command.ts'
import type { Refused } from './refusal-notice.ts'
import { act, branchIdOf, goTo, type Served } from './serve-page.ts'

/** One scan at the desk. */
export type Scan = {
  /** The card of the patron who stands there; '' when nobody does. */
  readonly card: string
  /** A card, a barcode or a command. */
  readonly code: string
  /** The scanner typed what no code can hold. */
  readonly isUnreadable?: boolean
  /** At the pile of returns everything is a book. */
  readonly isReturn?: boolean
  readonly override?: { readonly override: Override } | undefined
  /** When it was scanned and where, for an offline desk that had kept it. */
  readonly kept?: { readonly since: Date; readonly branchId: number }
}

/** What a scan was, and what came of it. */
export type Scanned =
  | { readonly did: 'command'; readonly to: string }
  | { readonly did: 'card'; readonly card: string }
  | { readonly did: 'lend'; readonly card: string; readonly answer: Lent }
  | { readonly did: 'take-back'; readonly answer: TakenBack }
  | NothingDone

/** A scan that was refused. */
export type NothingDone = {
  readonly did: 'nothing'
  readonly refusal: Refused
  /**
   * It may have been the next patron's card, read badly or not known: nothing behind it goes to whoever stood there before.
   * A barcode that is known is none, nor is anything at the pile of returns.
   */
  readonly mayBeACard: boolean
}

/**
 * Knows whether a card, a book or a command was scanned, and does what is meant. With a patron at the desk a book is lent
 * to them, and the next card is the next patron's. With nobody there a book is one that comes back.
 *
 * Throws UnsettledError, and what `write` throws.
 */
export async function scanAtDesk(served: Served, request: FastifyRequest, scan: Scan): Promise<Scanned> {
  const { db } = served.library
  const { card, code, kept } = scan
  if (scan.isUnreadable) return nothing('code-unreadable', { mayBeACard: !scan.isReturn })
  const to = commandOf(code, card)
  if (to !== undefined) return { did: 'command', to }
  if (scan.isReturn) return takenBack(served, request, scan, { mayBeACard: false })
  const kind = await codeKind(db, code)
  const mayBeACard = kind !== 'copy'
  // Whichever of the two was meant, guessing would lend it to somebody or open somebody's card.
  if (kind === 'both') return nothing('code-of-both', { mayBeACard })
  if (kind === 'card') return { did: 'card', card: code }
  const because = kind === 'unknown' ? await nobodyHas(db, code) : undefined
  if (because?.refused === 'patron-merged') return { did: 'nothing', refusal: because, mayBeACard }
  if (card === '') {
    if (because && !may(request.who, 'take-back')) return { did: 'nothing', refusal: because, mayBeACard }
    return takenBack(served, request, scan, { mayBeACard })
  }
  const branchId = kept?.branchId ?? branchIdOf(request)
  const ask = { card, barcode: code, branchId, ...scan.override, ...(kept && { wasKept: true }) }
  const outcome = await act(served, request, lend, ask, kept ? { occurredAt: kept.since } : {})
  return outcome.outcome === 'done'
    ? { did: 'lend', card, answer: outcome.answer }
    : { did: 'nothing', refusal: outcome.refusal, mayBeACard }
}

function nothing(
  refused: 'code-unreadable' | 'code-of-both',
  { mayBeACard }: { readonly mayBeACard: boolean },
): NothingDone {
  return { did: 'nothing', refusal: { refused }, mayBeACard }
}

async function takenBack(
  served: Served,
  request: FastifyRequest,
  { code, isReturn, kept }: Scan,
  { mayBeACard }: { readonly mayBeACard: boolean },
): Promise<Scanned> {
  const branchId = kept?.branchId ?? branchIdOf(request)
  const ask = { barcode: code, branchId, ...(kept && { wasKept: true }) }
  const outcome = await act(served, request, takeBack, ask, kept ? { occurredAt: kept.since } : {})
  if (outcome.outcome === 'done') return { did: 'take-back', answer: outcome.answer }
  const { refusal } = outcome
  const isNeither = refusal.refused === 'copy-unknown' && !isReturn
  return { did: 'nothing', refusal: isNeither ? { refused: 'code-unknown' } : refusal, mayBeACard }
}

/** The ISBN or ISSN on the back, as a scanner types it: all of a text, behind it, or in front of a word. */
const isbn = /(?<!\d)97[789]\d{10}$|^97[789]\d{10}(?=\p{L})/u

/** What somebody has scanned into a reason. */
export type ScannedReason = {
  /** What is left of the reason, to go on with. */
  readonly reason: string
  readonly code: string
  /** It may have been the next patron's card: see `scanAtDesk`. */
  readonly mayBeACard: boolean
}

/** What somebody has scanned into a reason; undefined where nobody has. A card, a book, a command or an ISBN is none, nor a part of one. */
export async function scannedReason({ library }: Served, reason: string): Promise<ScannedReason | undefined> {
  if (commandOf(reason, '') !== undefined) return { reason: '', code: reason, mayBeACard: false }
  const printed = isbn.exec(reason)?.[0] ?? commandIn(reason)
  const code = printed ?? (await scannedInto(library.db, reason))
  if (code === undefined) return undefined
  const isEnd = reason.toLowerCase().endsWith(code.toLowerCase())
  return {
    reason: (isEnd ? reason.slice(0, -code.length) : reason.slice(code.length)).trim(),
    code,
    mayBeACard: printed === undefined && (await codeKind(library.db, code)) !== 'copy',
  }
}

/** The barcode of a command behind a text, or in front of a word. */
function commandIn(text: string): string | undefined {
  const said = text.toLowerCase()
  return commands
    .map((name) => commandCodes[name])
    .find((code) => {
      const [front, rest] = [said.slice(0, code.length), said.slice(code.length)]
      return said.endsWith(code.toLowerCase()) || (front === code.toLowerCase() && /^\p{L}/u.test(rest))
    })
}

/**
 * The key of the scan that a page answers: a form names it in its own address, and what it leads on to in that; see `scan-beside.js`.
 * Undefined where none is.
 */
export function answeredKey({ method, query }: FastifyRequest): string | undefined {
  const form = asked(query)
  return form.text(method === 'POST' ? 'scan' : 'answered', { max: 64, label: 'the-field' }) || undefined
}

/** Goes on behind a scan, and says in the address which one is answered. */
export function goAnswered(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  query: Parameters<typeof address>[1] = {},
): FastifyReply {
  const key = answeredKey(request)
  if (!key) return goTo(reply, path, query)
  const [to = '', before = ''] = path.split('?')
  return goTo(reply, to, { ...Object.fromEntries(new URLSearchParams(before)), ...query, answered: key })
}

/** What a scanner typed; what cannot be read is shown with marks in the place of what no code can hold. */
export function readCode(body: unknown): { readonly code: string; readonly isUnreadable: boolean } {
  const form = asked(body)
  const code = form.text('code', scanned)
  if (!('code' in form.problems)) return { code, isUnreadable: false }
  const typed = (body as { readonly code?: unknown }).code
  const text = typeof typed === 'string' ? typed.toWellFormed().slice(0, scanned.max) : ''
  return { code: text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, '\uFFFD'), isUnreadable: true }
}

/**
 * A device that comes to another library by the same address says where it scanned: branches, cards and shelves have other
 * owners here. Throws RefusedAtTheDoorError `another-library`.
 */
export async function ofThisLibrary(
  { db }: Served['library'],
  { body }: Pick<FastifyRequest, 'body'>,
): Promise<void> {
  const form = asked(body)
  const scannedAt = form.text('library', { max: 100, label: 'the-field' })
  if (scannedAt === '' && !('library' in form.problems)) return
  if (scannedAt !== (await libraryId(db))) throw new RefusedAtTheDoorError('another-library')
}

/** Whose kept scans they see: those of their branch, and what they handed in themselves for another one, and were told to look at. */
export function seenBy(request: FastifyRequest): { readonly branchId: number; readonly orBy?: string } {
  const branchId = branchIdOf(request)
  return request.who ? { branchId, orBy: request.who.actor } : { branchId }
}
