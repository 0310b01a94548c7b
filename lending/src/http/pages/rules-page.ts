import type { FastifyReply, FastifyRequest } from 'fastify'
import { loanRules, setLoanRule } from '../../circulation/calendar.ts'
import { type Explained, explainRule } from '../../circulation/explain-rule.ts'
import { branches, itemTypes, patronCategories } from '../../circulation/places.ts'
import type { LabelId } from '../../language/flaw.ts'
import { asked, scanned } from './asked.ts'
import type { Refused } from './refusal-notice.ts'
import { type RulesShown, rulesView } from './rules-view.ts'
import { act, branchIdOf, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'

/** Loan rules: all of them, which one decides a case, and setting one. */
export function rulesPages(served: Served): void {
  const { app, library } = served

  app.get('/rules', { config: { access: { needs: 'lend' } } }, async (request, reply) => {
    const query = asked(request.query)
    const card = query.text('card', scanned)
    const barcode = query.text('barcode', scanned)
    if (!card || !barcode) return showRules(served, request, reply, { card, barcode })
    const branchId = branchIdOf(request)
    const answer = await explainRule(library.db, { card, barcode, branchId, now: library.clock() })
    return showRules(served, request, reply, { card, barcode, answer })
  })

  app.post('/rules', { config: { access: { needs: 'rules-write' } } }, async (request, reply) => {
    const form = asked(request.body)
    const code = (name: string) => form.text(name, { max: 32, label: 'the-field' }) || null
    const whole = (name: string, label: LabelId, min: number, max: number) =>
      form.whole(name, { label, min, max }) ?? min
    const ask = {
      branch: code('branch'),
      patronCategory: code('patronCategory'),
      itemType: code('itemType'),
      lendable: form.ticked('lendable'),
      loanDays: whole('loanDays', 'days', 1, 3_650),
      renewalsMax: whole('renewalsMax', 'renewals', 0, 1_000),
      loansMax: whole('loansMax', 'loans', 0, 10_000),
      holdsMax: whole('holdsMax', 'holds', 0, 10_000),
      fineCentsPerDay: form.cents('fine', 'the-fine-per-day') ?? 0,
      graceDays: whole('graceDays', 'days-of-grace', 0, 3_650),
      fineCapCents: form.cents('cap', 'the-most') ?? 0,
    }
    if (Object.keys(form.problems).length > 0) {
      return showRules(served, request, reply, {
        refusal: { refused: 'fields-invalid', problems: form.problems },
      })
    }
    const outcome = await act(served, request, setLoanRule, ask)
    if (outcome.outcome === 'refused') return showRules(served, request, reply, { refusal: outcome.refusal })
    return goTo(reply, '/rules', { said: 'rule-set' })
  })
}

async function showRules(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  told: { card?: string; barcode?: string; answer?: Explained | Refused; refusal?: Refused },
): Promise<FastifyReply> {
  const { db } = served.library
  const [visit, rules, places, categories, types] = await Promise.all([
    visitOf(served, request, reply),
    loanRules(db),
    branches(db),
    patronCategories(db),
    itemTypes(db),
  ])
  const { card = '', barcode = '', answer, refusal } = told
  const shown: RulesShown = { rules, places, categories, types, card, barcode, answer, refusal }
  const refused = refusal ?? (answer && 'refused' in answer ? (answer as Refused) : undefined)
  const frame = {
    title: visit.say('rules.title'),
    door: '/rules',
    lead: visit.say('rules.lead'),
    status: refused ? statusOf(refused) : 200,
  }
  return show(reply, visit, frame, rulesView(visit, shown))
}
