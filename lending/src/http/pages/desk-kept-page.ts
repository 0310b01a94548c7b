import type { FastifyReply, FastifyRequest } from 'fastify'
import { codeKind } from '../../circulation/code-kind.ts'
import { keepScan, keptScans, settleScan } from '../../circulation/kept-scan.ts'
import { lendKept } from '../../circulation/lend-kept.ts'
import { lendOverridable } from '../../circulation/lend-refusal.ts'
import { libraryId } from '../../circulation/library-settings.ts'
import { wasDoneUnder } from '../../journal/done-under.ts'
import { nobodyHas } from '../../patrons/merged-card.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity, scanned } from './asked.ts'
import { keptPlace, scanForm } from './desk-field.ts'
import { keptView } from './desk-kept-view.ts'
import { readOverride } from './desk-page.ts'
import { readCode, type Scanned, scanAtDesk } from './desk-scan.ts'
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

  app.post('/desk/hand-in', { config: { access } }, (request, reply) => handIn(served, request, reply))

  app.get('/desk/kept', { config: { access } }, (request, reply) => showKept(served, request, reply))

  app.post('/desk/kept/:id/settle', { config: { access } }, async (request, reply) => {
    const note = asked(request.body).text('note', { max: 500, label: 'the-note' })
    const outcome = await act(served, request, settleScan, { keptScanId: idIn(request) ?? 0, note })
    if (outcome.outcome === 'refused') return showKept(served, request, reply, outcome.refusal)
    return goTo(reply, '/desk/kept', { said: 'scan-settled' })
  })

  app.post('/desk/kept/:id/lend', { config: { access } }, async (request, reply) => {
    const branchId = branchIdOf(request)
    const keptScanId = idIn(request) ?? 0
    // Sent again after it was settled, it gets the answer that it had.
    const [kept] = await keptScans(served.library.db, { branchId, keptScanId, orSettled: true })
    const barcode = kept?.copy?.barcode
    const card = asked(request.body).text('card', scanned)
    if (!kept || barcode === undefined) return showKept(served, request, reply, { refused: 'scan-unknown' })
    const { override } = readOverride(request, lendOverridable)
    const settledAt = served.library.clock()
    const ask = { keptScanId, card, barcode, branchId, settledAt, ...override }
    const lent = await act(served, request, lendKept, ask, { occurredAt: new Date(kept.scannedAt) })
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
      <div id="desk" class="stack">${field}<div id="answer"></div><p class="waiting soft" id="waiting" role="status"></p></div>`
    return show(reply, visit, frame, content)
  })
}

/** Takes in one scan that a device had kept. What cannot be done is listed for somebody: then the device may forget it. */
async function handIn(served: Served, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
  await ofThisLibrary(served, request)
  const form = asked(request.body)
  const read = readCode(request.body)
  const { code } = read
  const card = form.text('card', scanned)
  const isReturn = form.text('meant', { max: 20, label: 'the-field' }) === 'take-back'
  const afterUnknown = form.text('afterUnknown', scanned)
  const ageMs = form.whole('ageMs', { label: 'the-field', min: 0, max: Number.MAX_SAFE_INTEGER }) ?? 0
  const since = new Date(served.library.clock().getTime() - Math.min(ageMs, keptMostMs))
  const branchId = form.whole('branch', identity) ?? branchIdOf(request)
  // Somebody else had sent it before, and the answer was lost.
  const by = form.text('sentBy', { max: 40, label: 'the-field' })
  if (
    by !== request.who?.actor &&
    (await wasDoneUnder(served.library.db, { actor: by, key: keyOf(request) }))
  )
    return reply.send({ became: 'done' })
  const came =
    afterUnknown && !read.isUnreadable
      ? await afterSomethingUnknown(served, code)
      : await scanAtDesk(served, request, { card, ...read, isReturn, kept: { since, branchId } })
  if (came.did === 'card') return reply.send({ became: 'card', card: came.card })
  if (came.did === 'command') return reply.send({ became: 'command', to: came.to })
  if (came.did !== 'nothing') return reply.send({ became: 'done' })
  const { refused } = came.refusal
  const ask = {
    branchId,
    elseBranchId: branchIdOf(request),
    meant: isReturn ? ('take-back' as const) : ('lend' as const),
    card,
    code,
    scannedAt: since.toISOString(),
    refused,
  }
  const verb = { ...keepScan, recognisedBy: () => ({ code, card }) }
  const kept = await act(served, request, verb, ask, { part: 'kept' })
  // Only what is listed may be forgotten by the device: a fault makes it keep the scan and show it.
  if (kept.outcome === 'refused') throw new Error(`A kept scan could not be listed: ${kept.refusal.refused}.`)
  return reply.send({ became: 'kept', isUnknown: came.mayBeACard })
}

/** A device that comes to another library by the same address says where it scanned: branches and cards have other owners here. */
async function ofThisLibrary({ library }: Served, { body }: FastifyRequest): Promise<void> {
  const form = asked(body)
  const scannedAt = form.text('library', { max: 100, label: 'the-field' })
  if (scannedAt === '' && !('library' in form.problems)) return
  if (scannedAt !== (await libraryId(library.db))) throw new RefusedAtTheDoorError('another-library')
}

/** Behind something that is not known only a card says whose the rest is. */
async function afterSomethingUnknown({ library }: Served, code: string): Promise<Scanned> {
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
    keptScans(served.library.db, { branchId: branchIdOf(request) }),
  ])
  const frame = {
    title: visit.say('kept.title'),
    door: '/desk',
    lead: visit.say('kept.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, keptView(visit, { scans, refusal }))
}
