import type { FastifyReply, FastifyRequest } from 'fastify'
import { holdsOf, loansOf } from '../../circulation/accounts.ts'
import { lend } from '../../circulation/lend.ts'
import { lendOverridable } from '../../circulation/lend-refusal.ts'
import type { Override } from '../../circulation/override.ts'
import { renew, renewOverridable } from '../../circulation/renew.ts'
import { nobodyHas } from '../../patrons/merged-card.ts'
import { patron as patronOf } from '../../patrons/patron.ts'
import { may } from '../../staff/permission.ts'
import { asked, identity, scanned } from './asked.ts'
import { deskLines } from './desk-lines.ts'
import { type AtDesk, deskView, type RefusedScan } from './desk-view.ts'
import type { Refused } from './refusal-notice.ts'
import { act, branchIdOf, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** More loans than this are not shown at the desk. */
const loansMax = 200
const reasonLimits = { max: 500, label: 'The reason' }

/** The desk: scan a card, then the copies to lend. */
export function deskPages(served: Served): void {
  const { app } = served
  const access = { needs: 'lend' } as const

  app.get('/desk', { config: { access } }, async (request, reply) => {
    const card = asked(request.query).text('card', scanned)
    if (!card) return showDesk(served, request, reply, { at: undefined })
    const at = await atDesk(served, card)
    if (at) return showDesk(served, request, reply, { at })
    const refusal = await nobodyHas(served.library.db, card)
    const refused = { refusal, barcode: card, passing: [], reason: '' }
    return showDesk(served, request, reply, { at, refused })
  })

  app.post('/desk/lend', { config: { access } }, async (request, reply) => {
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const barcode = form.text('barcode', scanned)
    if (!barcode) return goTo(reply, '/desk')
    const { passing, override } = readOverride(request, lendOverridable)
    const outcome = await act(served, request, lend, {
      card,
      barcode,
      branchId: branchIdOf(request),
      ...override,
    })
    if (outcome.outcome === 'done') return goTo(reply, '/desk', { card })
    // The next person's card was scanned instead of a book: that is who stands here now.
    const isNextCard =
      outcome.refusal.refused === 'copy-unknown' && (await patronOf(served.library.db, { card: barcode }))
    if (isNextCard) return goTo(reply, '/desk', { card: barcode })
    return showDesk(served, request, reply, {
      at: await atDesk(served, card),
      refused: {
        refusal: await orMerged(served, outcome.refusal, barcode),
        barcode,
        passing: toPass(outcome.refusal, passing, lendOverridable),
        reason: override?.override.reason ?? '',
      },
    })
  })

  app.post('/desk/renew', { config: { access: { needs: 'renew' } } }, async (request, reply) => {
    const form = asked(request.body)
    const card = form.text('card', scanned)
    const loanId = form.whole('loanId', identity) ?? 0
    const { passing, override } = readOverride(request, renewOverridable)
    const outcome = await act(served, request, renew, { loanId, branchId: branchIdOf(request), ...override })
    if (outcome.outcome === 'done') return goTo(reply, '/desk', { card, said: 'renewed' })
    const { refusal } = outcome
    return showDesk(served, request, reply, {
      at: await atDesk(served, card),
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

/** A card that was merged away says so where a book was expected, too. */
async function orMerged({ library }: Served, refusal: Refused, barcode: string): Promise<Refused> {
  if (refusal.refused !== 'copy-unknown') return refusal
  const because = await nobodyHas(library.db, barcode)
  return because.refused === 'patron-merged' ? because : refusal
}

async function showDesk(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { at, refused }: { at: AtDesk | undefined; refused?: RefusedScan },
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const lines = await deskLines(served, visit, ['lend', 'renew'])
  const frame = {
    title: 'Lend',
    ownHead: 'unseen' as const,
    door: '/desk',
    scripts: ['desk.js'] as const,
    status: refused ? statusOf(refused.refusal) : 200,
  }
  return show(reply, visit, frame, deskView(visit, { at, refused, lines }))
}

async function atDesk({ library }: Served, card: string): Promise<AtDesk | undefined> {
  const patron = await patronOf(library.db, { card })
  if (!patron) return undefined
  const { patronId } = patron
  const [loans, holds] = await Promise.all([
    loansOf(library.db, { patronId, now: library.clock(), limit: loansMax }),
    holdsOf(library.db, patronId),
  ])
  return { patron, loans, ready: holds.filter(({ state }) => state === 'on-shelf') }
}

type Overridable = ReadonlySet<string>

/** The refusals that staff already went past for this, as the form carries them, and why. */
function readOverride(
  { body, who }: FastifyRequest,
  overridable: Overridable,
): { passing: readonly string[]; override?: { override: Override } } {
  const form = asked(body)
  const named = form.text('passing', { max: 400, label: 'passing' }).split(' ')
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
