import type { FastifyReply, FastifyRequest } from 'fastify'
import { copyLimits } from '../../catalogue/checked-copy.ts'
import { type RangeFound, rangesFound } from '../../catalogue/planned-shelf.ts'
import {
  judgedPlan,
  planLimits,
  type ShelfPlan,
  type ShelfRange,
  setShelfPlan,
  shelfPlan,
} from '../../catalogue/shelf-plan.ts'
import { type Branch, branchByCode } from '../../circulation/places.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Asked, asked } from './asked.ts'
import { type FlawTexts, flawTexts } from './flaw-text.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { act, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** Which call numbers stand on which shelf of a branch, and which shelf a call number belongs to. */
export function shelfPlanPages(served: Served): void {
  const { app, library } = served
  const config = { access: { needs: 'rules-write' } } as const

  app.get('/branches/:code/shelf-plan', { config }, async (request, reply) => {
    const place = await placeIn(served, request)
    const { text } = asked(request.query)
    const callNumber = text('callNumber', { max: copyLimits.callNumber, label: 'the-call-number' })
    const [found] = callNumber ? await rangesFound(library, [{ branch: place.branch.code, callNumber }]) : []
    const answer = found === undefined ? undefined : { callNumber, found }
    return showPlan(served, request, reply, { ...place, rows: place.plan.ranges, answer })
  })

  app.post('/branches/:code/shelf-plan', { config }, async (request, reply) => {
    const place = await placeIn(served, request)
    const { code } = place.branch
    const form = asked(request.body)
    const version = form.whole('version', { label: 'the-version', min: 0, max: 2_147_483_647 }) ?? 0
    const rows = readRanges(form)
    const plan = await judgedPlan(library, { branch: code, ranges: rows })
    const problems = { ...form.problems, ...plan.problems }
    const ask = { branch: code, version, plan: { ...plan, problems } }
    const outcome = await act(served, request, setShelfPlan, ask)
    if (outcome.outcome === 'done')
      return goTo(reply, `/branches/${code}/shelf-plan`, { said: 'shelf-plan-set' })
    const { refusal } = outcome
    // What somebody else saved meanwhile is not overwritten by sending the same again: the old version goes along.
    return showPlan(served, request, reply, { ...place, plan: { ...place.plan, version }, rows, refusal })
  })
}

type Place = { readonly branch: Branch; readonly plan: ShelfPlan }

type Shown = Place & {
  readonly rows: readonly ShelfRange[]
  readonly answer?: { readonly callNumber: string; readonly found: RangeFound } | undefined
  readonly refusal?: Refused
}

async function placeIn({ library }: Served, request: FastifyRequest): Promise<Place> {
  const code = asked(request.params).text('code', { max: 32, label: 'the-branch' })
  const [branch, plan] = await Promise.all([branchByCode(library.db, code), shelfPlan(library.db, code)])
  if (!branch || !plan) throw new RefusedAtTheDoorError('branch-unknown')
  return { branch, plan }
}

/** The ranges in the order that their places say; a row whose fields were emptied is none. */
function readRanges(form: Asked): readonly ShelfRange[] {
  const rows = Array.from({ length: planLimits.ranges }, (_, index) => {
    const at = index + 1
    const place = form.whole(`place-${at}`, { label: 'the-place', min: 1, max: 999 }) ?? at
    const shelf = form.text(`shelf-${at}`, { max: planLimits.shelf, label: 'the-shelf' })
    const pattern = form.text(`pattern-${at}`, { max: planLimits.pattern, label: 'the-pattern' })
    return { place, shelf, pattern }
  })
  return rows
    .filter(({ shelf, pattern }) => shelf !== '' || pattern !== '')
    .toSorted((one, other) => one.place - other.place)
    .map(({ shelf, pattern }) => ({ shelf, pattern }))
}

async function showPlan(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: Shown,
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const frame = {
    title: visit.say('shelf-plan.title'),
    door: '/branches',
    lead: visit.say('shelf-plan.lead', { branch: html`<bdi>${shown.branch.name}</bdi>` }),
    status: shown.refusal ? statusOf(shown.refusal) : 200,
  }
  return show(reply, visit, frame, planView(visit, shown))
}

/** So many rows are empty for new ranges. */
const emptyRows = 3

function planView(visit: Visit, { branch, plan, rows, answer, refusal }: Shown): Html {
  const { say } = visit
  const path = `/branches/${branch.code}/shelf-plan`
  const problems = flawTexts(visit, refusal)
  const empty = Array.from({ length: Math.min(emptyRows, planLimits.ranges - rows.length) }, () => undefined)
  return html`<div class="stack">
    <p><a href="/branches">${say('shelf-plan.back')}</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <section class="panel" aria-labelledby="explain"><h2 id="explain">${say('shelf-plan.where')}</h2>
      <form class="inline-form" action="${path}">
        ${textField({ name: 'callNumber', label: say('shelf-plan.call-number'), value: answer?.callNumber, max: copyLimits.callNumber, required: true })}
        <button class="button">${say('shelf-plan.explain')}</button>
      </form>
      ${answer && html`<div class="explained" id="explained">${answered(visit, answer)}</div>`}
    </section>
    <section class="panel stack-tight" aria-labelledby="ranges"><h2 id="ranges">${say('shelf-plan.ranges')}</h2>
      <p class="soft">${say('shelf-plan.ranges-hint', { example: html`<span class="code" dir="ltr">5[0-9]{2}</span>` })}</p>
      <form class="stack-tight" method="post" action="${path}">${hidden(visit)}${carried('version', plan.version)}
        <ol class="ranges">${[...rows, ...empty].map((range, index) => rangeRow(visit, { range, at: index + 1, problems }))}</ol>
        <div class="actions"><button class="button">${say('shelf-plan.save')}</button></div>
      </form>
    </section>
  </div>`
}

function rangeRow(
  { say }: Visit,
  {
    range,
    at,
    problems,
  }: {
    readonly range: ShelfRange | undefined
    readonly at: number
    readonly problems: FlawTexts
  },
): Html {
  const field = (name: 'shelf' | 'pattern', label: string) =>
    textField({
      name: `${name}-${at}`,
      label,
      value: range?.[name],
      max: planLimits[name],
      problem: problems[`${name}-${at}`],
    })
  return html`<li>
    ${textField({ name: `place-${at}`, label: say('shelf-plan.place'), type: 'number', value: at, min: 1, max: 3, className: 'narrow' })}
    ${field('shelf', say('shelf-plan.shelf'))}${field('pattern', say('shelf-plan.pattern'))}
  </li>`
}

function answered(
  visit: Visit,
  { callNumber, found }: { readonly callNumber: string; readonly found: RangeFound },
): Html {
  const { say } = visit
  const number = html`<bdi class="code">${callNumber}</bdi>`
  if (found === 'undecided')
    return notice(visit, 'warn', {
      title: say('shelf-plan.undecided', { number }),
      body: html`<p>${say('shelf-plan.undecided.next')}</p>`,
    })
  if (found === 'none') return notice(visit, 'plain', { title: say('shelf-plan.no-range', { number }) })
  return notice(visit, 'good', {
    title: say('shelf-plan.stands-on', { number, shelf: html`<bdi>${found.shelf}</bdi>` }),
    body: html`<p>${say('shelf-plan.by-range', { range: found.range, pattern: html`<span class="code" dir="ltr">${found.pattern}</span>` })}</p>`,
  })
}
