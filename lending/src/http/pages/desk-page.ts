import type { FastifyReply, FastifyRequest } from 'fastify'
import { holdsOf, loansOf } from '../../circulation/accounts.ts'
import { keptScansCount } from '../../circulation/kept-scan.ts'
import type { Lent } from '../../circulation/lend.ts'
import { lendOverridable } from '../../circulation/lend-refusal.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import type { Override } from '../../circulation/override.ts'
import { renew, renewOverridable } from '../../circulation/renew.ts'
import type { TakenBack } from '../../circulation/take-back.ts'
import { nobodyHas } from '../../patrons/merged-card.ts'
import { patron as patronOf } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { asked, identity, scanned } from './asked.ts'
import { type DeskEntry, deskEntries, deskLines, lastAnswer } from './desk-lines.ts'
import {
  answeredKey,
  goAnswered,
  ofThisLibrary,
  readCode,
  type Scan,
  type ScannedReason,
  scanAtDesk,
  scannedReason,
  seenBy,
} from './desk-scan.ts'
import { type AtDesk, type DeskAnswer, deskPart, deskView, type RefusedScan } from './desk-view.ts'
import { act, branchIdOf, goTo, type Served, show, showPart, statusOf, visitOf } from './serve-page.ts'

/** More loans than this are not shown at the desk. */
const loansMax = 200
const reasonLimits = { max: 500, label: 'the-reason' } as const

/** The desk: one field for cards, books and commands. */
export function deskPages(served: Served): void {
  const { app } = served
  const access = { needs: 'lend' } as const

  app.get('/desk', { config: { access } }, async (request, reply) => {
    const form = asked(request.query)
    const card = form.text('card', scanned)
    const copyId = form.whole('copy', identity)
    const answer = copyId === undefined ? undefined : await answerAbout(served, request.who, copyId)
    return showDesk(served, request, reply, { card, answer })
  })

  app.post('/desk/scan', { config: { access } }, async (request, reply) => {
    await ofThisLibrary(served.library, request)
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const read = readCode(request.body)
    if (!read.code && !read.isUnreadable) return showOrGo(served, request, reply, { card: '' })
    return scan(served, request, reply, { card, ...read })
  })

  app.post('/desk/lend', { config: { access } }, async (request, reply) => {
    const form = asked(request.body)
    const { passing, override } = readOverride(request, lendOverridable)
    const asksFor = { card: form.text('card', scanned), code: form.text('barcode', scanned), override }
    const into = override && (await scannedReason(served, override.override.reason))
    if (into) {
      const refused = { ...notTheReason(into), barcode: asksFor.code, passing }
      return showDesk(served, request, reply, { card: asksFor.card, refused })
    }
    return scan(served, request, reply, asksFor, passing)
  })

  app.post('/desk/take-back', { config: { access: { needs: 'take-back' } } }, async (request, reply) => {
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const code = form.text('barcode', scanned)
    const came = await scanAtDesk(served, request, { card: '', code, isReturn: true })
    if (came.did === 'take-back') return goTo(reply, '/desk', { card, copy: came.answer.copyId })
    const refused = came.did === 'nothing' ? nothingToPass(came.refusal, code) : undefined
    return showDesk(served, request, reply, { card, refused })
  })

  app.post('/desk/renew', { config: { access: { needs: 'renew' } } }, async (request, reply) => {
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const loanId = form.whole('loanId', identity) ?? 0
    const { passing, override } = readOverride(request, renewOverridable)
    const into = override && (await scannedReason(served, override.override.reason))
    if (into) {
      const refused = { ...notTheReason(into), barcode: '', loanId, passing }
      return showDesk(served, request, reply, { card, refused })
    }
    const outcome = await act(served, request, renew, { loanId, branchId: branchIdOf(request), ...override })
    if (outcome.outcome === 'done') return goTo(reply, '/desk', { card, said: 'renewed' })
    const { refusal } = outcome
    return showDesk(served, request, reply, {
      card,
      refused: {
        refusal,
        barcode: '',
        loanId,
        passing: toPass(refusal, passing, renewOverridable),
        reason: override?.override.reason ?? '',
      },
    })
  })
}

async function scan(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  asksFor: Scan,
  passing: readonly string[] = [],
): Promise<FastifyReply> {
  const { card, code, override } = asksFor
  const came = await scanAtDesk(served, request, asksFor)
  switch (came.did) {
    case 'command':
      return isLive(request)
        ? reply.code(204).header('x-bibby-go', came.to).send()
        : goAnswered(request, reply, came.to)
    case 'card':
      return showOrGo(served, request, reply, { card: came.card })
    case 'lend':
      return showOrGo(served, request, reply, { card, answer: { did: 'lend', lent: came.answer } })
    case 'take-back':
      return showOrGo(served, request, reply, { card: '', answer: { did: 'take-back', taken: came.answer } })
    case 'nothing':
      return showDesk(served, request, reply, {
        card,
        refused: {
          refusal: came.refusal,
          mayBeACard: came.mayBeACard,
          barcode: code,
          passing: toPass(came.refusal, passing, lendOverridable),
          reason: override?.override.reason ?? '',
        },
      })
  }
}

type Shown = {
  /** Whose card is open; '' for nobody's. */
  readonly card: string
  /** The lending or the return that is answered. */
  readonly answer?: DeskAnswer | undefined
  readonly refused?: RefusedScan | undefined
}

/** The desk's script shows the answer itself and needs no other address; a form goes on, so that nothing is sent twice. */
async function showOrGo(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: Shown,
): Promise<FastifyReply> {
  if (isLive(request)) return showDesk(served, request, reply, shown)
  return goAnswered(request, reply, '/desk', { card: shown.card, copy: copyOf(shown.answer) })
}

function copyOf(answer: DeskAnswer | undefined): number | undefined {
  return answer?.did === 'lend' ? answer.lent.copyId : answer?.taken.copyId
}

/** Whether the desk's script asks. */
export function isLive({ headers }: FastifyRequest): boolean {
  return headers['x-bibby-desk'] === 'live'
}

async function showDesk(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { card, answer, refused: refusedScan }: Shown,
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, { at, entries, nobody }, keptCount] = await Promise.all([
    visitOf(served, request, reply),
    atDesk(served, request, card),
    keptScansCount(db, seenBy(request)),
  ])
  const refused = refusedScan ?? nobody
  const frame = {
    title: visit.say('desk.title'),
    ownHead: 'unseen' as const,
    door: '/desk',
    scripts: ['desk.js'] as const,
    status: refused ? statusOf(refused.refusal) : 200,
  }
  const again = address('/desk', { card: at ? card : '', copy: refused ? undefined : copyOf(answer) })
  const desk = {
    at,
    refused,
    answer,
    lines: deskLines(visit, entries),
    keptCount,
    again,
    answered: answeredKey(request),
    isNobodys: refused !== undefined && card !== '' && at === undefined,
  }
  if (isLive(request)) return showPart(reply, frame.status, deskPart(visit, desk))
  const id = await libraryId(db)
  return show(reply, visit, frame, deskView(visit, { ...desk, libraryId: id }))
}

async function answerAbout(
  served: Served,
  who: FastifyRequest['who'],
  copyId: number,
): Promise<DeskAnswer | undefined> {
  const last = await lastAnswer(served, who, { copyId, actions: ['lend', 'take-back'] })
  if (last?.action === 'lend') return { did: 'lend', lent: last.answer as Lent }
  return last && { did: 'take-back', taken: last.answer as TakenBack }
}

/** Who stands at the desk, or why nobody does, and what was done there lately: for them, or for all. */
async function atDesk(
  served: Served,
  { who }: FastifyRequest,
  card: string,
): Promise<{ at?: AtDesk; nobody?: RefusedScan; entries: readonly DeskEntry[] }> {
  const { db, clock } = served.library
  const patron = card ? await patronOf(db, { card }) : undefined
  if (!patron) {
    const [entries, nobody] = await Promise.all([
      deskEntries(served, who),
      card ? nobodyHas(db, card) : undefined,
    ])
    return { entries, ...(nobody && { nobody: nothingToPass(nobody, card) }) }
  }
  const { patronId } = patron
  const [loans, holds, entries] = await Promise.all([
    loansOf(db, { patronId, now: clock(), limit: loansMax }),
    holdsOf(db, { patronId, now: clock() }),
    deskEntries(served, who, { patronId }),
  ])
  return { at: { patron, loans, ready: holds.filter(({ state }) => state === 'on-shelf') }, entries }
}

type Overridable = ReadonlySet<string>

/** What was scanned in the place of a reason. */
function notTheReason({ reason, code, mayBeACard }: ScannedReason) {
  return { refusal: { refused: 'reason-is-code' } as const, reason, inReason: code, mayBeACard }
}

function nothingToPass(refusal: RefusedScan['refusal'], barcode: string): RefusedScan {
  return { refusal, barcode, passing: [], reason: '' }
}

/** The refusals that staff already went past for this, as the form carries them, and why. */
export function readOverride(
  { body, who }: FastifyRequest,
  overridable: Overridable,
): { passing: readonly string[]; override?: { override: Override } } {
  const form = asked(body)
  const named = form.text('passing', { max: 400, label: 'the-field' }).split(' ')
  const passing = named.filter((code) => overridable.has(code))
  if (passing.length === 0 || !may(who, 'override')) return { passing }
  return { passing, override: { override: { reason: form.text('reason', reasonLimits), refusals: passing } } }
}

/** What one more override would go past: everything so far and this one; nothing if this one stands. */
function toPass(
  { refused }: { readonly refused: string },
  passing: readonly string[],
  overridable: Overridable,
): readonly string[] {
  if (refused === 'reason-missing') return passing
  return overridable.has(refused) ? [...new Set([...passing, refused])] : []
}
