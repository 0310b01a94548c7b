import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeKind } from '../../circulation/code-kind.ts'
import { handedInBefore } from '../../circulation/handed-in.ts'
import { keepScan, keptScans, settleScan } from '../../circulation/kept-scan.ts'
import { lendKept } from '../../circulation/lend-kept.ts'
import { lendOverridable } from '../../circulation/lend-refusal.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import { nobodyHas } from '../../patrons/merged-card.ts'
import { fence } from '../../postgres/fence.ts'
import { may } from '../../staff/permission.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity, scanned } from './asked.ts'
import { commandOf } from './desk-command.ts'
import { keptPlace, scanForm, underAnswer } from './desk-field.ts'
import { keptView } from './desk-kept-view.ts'
import { readOverride } from './desk-page.ts'
import { ofThisLibrary, readCode, type Scanned, scanAtDesk, scannedReason, seenBy } from './desk-scan.ts'
import { carried } from './form.ts'
import { html } from './html.ts'
import type { Refused } from './refusal-notice.ts'
import { act, branchIdOf, goTo, idIn, keyOf, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** A scan that is older is taken as so old: a device whose clock was set wrong makes no loan of last year. */
const keptMostMs = 30 * 24 * 60 * 60 * 1_000

/** The desk without the library: the page for then, handing in what it kept, and what somebody must look at. */
export function deskKeptPages(served: Served): void {
  shell(served)
  const { app } = served
  const access = { needs: 'lend' } as const

  // Who may not lend has scans of shelves to hand in.
  app.get('/desk/hand-in', { config: { access: 'signed-in' } }, async (request, reply) => {
    const [{ csrf, now, stopped }, { haltedVerbs }] = await Promise.all([
      visitOf(served, request, reply),
      fence(served.library.db),
    ])
    const works = ['lend', 'take-back'] as const
    const told = {
      token: csrf,
      now: now.getTime(),
      isStopped: stopped !== undefined,
      halted: works.filter((work) => work in haltedVerbs),
      mayTake: works.filter((work) => may(request.who, work)),
    }
    return reply.header('cache-control', 'no-store').send(told)
  })

  app.post('/desk/hand-in', { config: { access } }, (request, reply) => handIn(served, request, reply))

  app.get('/desk/kept', { config: { access } }, (request, reply) => showKept(served, request, reply))

  app.post('/desk/kept/:id/settle', { config: { access } }, async (request, reply) => {
    const note = asked(request.body).text('note', { max: 500, label: 'the-note' })
    if (await scannedReason(served, note))
      return showKept(served, request, reply, { refused: 'reason-is-code' })
    const outcome = await act(served, request, settleScan, { keptScanId: idIn(request) ?? 0, note })
    if (outcome.outcome === 'refused') return showKept(served, request, reply, outcome.refusal)
    return goTo(reply, '/desk/kept', { said: 'scan-settled' })
  })

  app.post('/desk/kept/:id/lend', { config: { access } }, async (request, reply) => {
    const keptScanId = idIn(request) ?? 0
    // Sent again after it was settled, it gets the answer that it had.
    const [kept] = await keptScans(served.library.db, { ...seenBy(request), keptScanId, orSettled: true })
    const barcode = kept?.copy?.barcode
    const card = asked(request.body).text('card', scanned)
    if (!kept || barcode === undefined) return showKept(served, request, reply, { refused: 'scan-unknown' })
    const { override } = readOverride(request, lendOverridable)
    if (override && (await scannedReason(served, override.override.reason)))
      return showKept(served, request, reply, { refused: 'reason-is-code' })
    const { branchId, scannedAt } = kept
    const settledAt = served.library.clock()
    const ask = { keptScanId, card, barcode, branchId, settledAt, ...override }
    const lent = await act(served, request, lendKept, ask, { occurredAt: new Date(scannedAt) })
    if (lent.outcome === 'refused') return showKept(served, request, reply, lent.refusal)
    return goTo(reply, '/desk/kept', { said: 'scan-lent' })
  })
}

/** The empty desk that a device keeps for when the library cannot be reached: it says nothing about anybody. */
function shell(served: Served): void {
  served.app.get('/desk/offline', { config: { access: 'anyone' } }, async (request, reply) => {
    const isReturn = asked(request.query).text('meant', { max: 20, label: 'the-field' }) === 'take-back'
    const visit = { ...(await visitOf(served, request, reply)), who: undefined, csrf: '', stopped: undefined }
    const { say } = visit
    const frame = {
      title: say(isReturn ? 'check-in.title' : 'desk.title'),
      ownHead: 'unseen' as const,
      scripts: ['desk.js'] as const,
    }
    const field = scanForm(visit, {
      action: isReturn ? '/check-in' : '/desk/scan',
      name: 'code',
      label: say(isReturn ? 'check-in.scan' : 'kept.scan'),
      button: say('kept.keep'),
      ...(isReturn ? {} : { hint: say('kept.scan-hint'), fields: carried('card', '') }),
    })
    const content = html`${keptPlace(visit, {
      meant: isReturn ? 'take-back' : 'lend',
      home: isReturn ? '/check-in' : '/desk',
      libraryId: await libraryId(served.library.db),
      isShell: true,
    })}
      <div id="desk" class="stack">${field}<div id="answer"></div>${underAnswer}</div>`
    return show(reply, visit, frame, content)
  })
}

/** Takes in one scan that a device had kept. What cannot be done is listed for somebody: then the device may forget it. */
async function handIn(served: Served, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await ofThisLibrary(served.library, request)
  const scan = keptIn(served, request)
  const came = await answered(served, request, scan)
  switch (came.did) {
    case 'card':
      return reply.send({ became: 'card', card: came.card })
    case 'command':
      return reply.send({ became: 'command', to: came.to })
    case 'nothing':
      await list(served, request, { ...scan, refused: came.refusal.refused })
      return reply.send({ became: 'kept', isUnknown: came.mayBeACard })
    case 'listed':
      return reply.send({ became: 'kept', isUnknown: came.mayBeACard })
    default:
      return reply.send({ became: 'done' })
  }
}

/** The part of a scan that is handed in which lists it. */
const listing = 'kept'

type Kept = ReturnType<typeof keptIn>

function keptIn({ library }: Served, request: FastifyRequest) {
  const form = asked(request.body)
  const isReturn = form.text('meant', { max: 20, label: 'the-field' }) === 'take-back'
  const whole = { label: 'the-field', min: 0, max: Number.MAX_SAFE_INTEGER } as const
  const now = library.clock().getTime()
  // A page that was opened before an update says no more than how long ago it was.
  const scannedAt = (form.whole('sentAt', whole) ?? now) - (form.whole('ageMs', whole) ?? 0)
  return {
    ...readCode(request.body),
    card: form.text('card', scanned),
    isReturn,
    meant: isReturn ? ('take-back' as const) : ('lend' as const),
    afterUnknown: form.text('afterUnknown', scanned),
    since: new Date(Math.min(Math.max(scannedAt, now - keptMostMs), now)),
    branchId: form.whole('branch', identity),
  }
}

type Answered =
  | Scanned
  | { readonly did: 'listed'; readonly mayBeACard: boolean }
  | { readonly did: 'before' }

/** What comes of a scan: what it was answered before, or what is done now. */
async function answered(served: Served, request: FastifyRequest, scan: Kept): Promise<Answered> {
  const { code, card, isReturn, since, branchId, afterUnknown, isUnreadable } = scan
  const { db } = served.library
  const keys = { key: keyOf(request), listedUnder: keyOf(request, listing) }
  const before = await handedInBefore(db, { ...scan, ...keys })
  if (before?.became === 'done') return { did: 'before' }
  if (before) {
    const mayBeACard = !isReturn && (isUnreadable || (await codeKind(db, code)) !== 'copy')
    if (before.became === 'listed') return { did: 'listed', mayBeACard }
    return { did: 'nothing', refusal: before.refusal, mayBeACard }
  }
  if (afterUnknown && !isUnreadable) return afterSomethingUnknown(served, code)
  const kept = { since, branchId: branchId ?? branchIdOf(request) }
  return scanAtDesk(served, request, { card, code, isUnreadable, isReturn, kept })
}

/** Lists what could not be done. Only then may the device forget it: upon an error it keeps the scan and shows it. */
async function list(
  served: Served,
  request: FastifyRequest,
  { branchId, meant, card, code, since, refused }: Kept & { readonly refused: string },
): Promise<void> {
  const here = branchIdOf(request)
  const scannedAt = since.toISOString()
  const ask = { branchId: branchId ?? here, elseBranchId: here, meant, card, code, scannedAt, refused }
  const kept = await act(served, request, keepScan, ask, { part: listing })
  if (kept.outcome === 'refused') throw new RefusedAtTheDoorError(kept.refusal.refused)
}

/** Behind something that is not known only a card says whose the rest is; a command ends it, or leads on. */
async function afterSomethingUnknown({ library }: Served, code: string): Promise<Scanned> {
  const to = commandOf(code, '')
  if (to !== undefined) return { did: 'command', to }
  if ((await codeKind(library.db, code)) === 'card') return { did: 'card', card: code }
  const because = await nobodyHas(library.db, code)
  return {
    did: 'nothing',
    refusal: because.refused === 'patron-merged' ? because : { refused: 'after-unknown' },
    mayBeACard: true,
  }
}

async function showKept(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, scans] = await Promise.all([
    visitOf(served, request, reply),
    keptScans(served.library.db, seenBy(request)),
  ])
  const frame = {
    title: visit.say('kept.title'),
    door: '/desk',
    lead: visit.say('kept.lead'),
    scripts: ['scan-beside.js'] as const,
    status: refusal ? statusOf(refusal) : 200,
  }
  const id = await libraryId(served.library.db)
  return show(reply, visit, frame, keptView(visit, { scans, refusal, libraryId: id }))
}
