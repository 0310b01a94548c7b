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
    const callNumber = text('callNumber', { max: copyLimits.callNumber, label: 'The call number' })
    const [found] = callNumber ? await rangesFound(library, [{ branch: place.branch.code, callNumber }]) : []
    const answer = found === undefined ? undefined : { callNumber, found }
    return showPlan(served, request, reply, { ...place, rows: place.plan.ranges, answer })
  })

  app.post('/branches/:code/shelf-plan', { config }, async (request, reply) => {
    const place = await placeIn(served, request)
    const { code } = place.branch
    const form = asked(request.body)
    const version = form.whole('version', { label: 'The version', min: 0, max: 2_147_483_647 }) ?? 0
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
  const code = asked(request.params).text('code', { max: 32, label: 'The branch' })
  const [branch, plan] = await Promise.all([branchByCode(library.db, code), shelfPlan(library.db, code)])
  if (!branch || !plan) throw new RefusedAtTheDoorError('branch-unknown')
  return { branch, plan }
}

/** The ranges in the order that their places say; a row whose fields were emptied is none. */
function readRanges(form: Asked): readonly ShelfRange[] {
  const rows = Array.from({ length: planLimits.ranges }, (_, index) => {
    const at = index + 1
    const place = form.whole(`place-${at}`, { label: 'The place', min: 1, max: 999 }) ?? at
    const shelf = form.text(`shelf-${at}`, { max: planLimits.shelf, label: 'The shelf' })
    const pattern = form.text(`pattern-${at}`, { max: planLimits.pattern, label: 'The pattern' })
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
    title: 'Shelf plan',
    door: '/branches',
    lead: html`${shown.branch.name}. A copy that is added without a shelf stands where its call number belongs.`,
    status: shown.refusal ? statusOf(shown.refusal) : 200,
  }
  return show(reply, visit, frame, planView(visit, shown))
}

/** So many rows are empty for new ranges. */
const emptyRows = 3

function planView(visit: Visit, { branch, plan, rows, answer, refusal }: Shown): Html {
  const path = `/branches/${branch.code}/shelf-plan`
  const problems = (refusal?.problems ?? {}) as Readonly<Record<string, string>>
  const empty = Array.from({ length: Math.min(emptyRows, planLimits.ranges - rows.length) }, () => undefined)
  return html`<div class="stack">
    <p><a href="/branches">Back to the branches</a></p>
    ${refusal && refusalNotice(visit, refusal)}
    <section class="panel" aria-labelledby="explain"><h2 id="explain">Where does it stand?</h2>
      <form class="inline-form" action="${path}">
        ${textField({ name: 'callNumber', label: 'Call number', value: answer?.callNumber, max: copyLimits.callNumber, required: true })}
        <button class="button">Explain</button>
      </form>
      ${answer && html`<div class="explained" id="explained">${answered(answer)}</div>`}
    </section>
    <section class="panel stack-tight" aria-labelledby="ranges"><h2 id="ranges">Call-number ranges</h2>
      <p class="soft">The first that matches counts. <span class="code">5[0-9]{2}</span> is every call number that begins with a 5 and two more digits. Empty a row to remove it.</p>
      <form class="stack-tight" method="post" action="${path}">${hidden(visit)}${carried('version', plan.version)}
        <ol class="ranges">${[...rows, ...empty].map((range, index) => rangeRow(range, index + 1, problems))}</ol>
        <div class="actions"><button class="button">Save the plan</button></div>
      </form>
    </section>
  </div>`
}

function rangeRow(
  range: ShelfRange | undefined,
  at: number,
  problems: Readonly<Record<string, string>>,
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
    ${textField({ name: `place-${at}`, label: 'Place', type: 'number', value: at, min: 1, max: 3, className: 'narrow' })}
    ${field('shelf', 'Shelf')}${field('pattern', 'Call numbers begin with')}
  </li>`
}

function answered({ callNumber, found }: { readonly callNumber: string; readonly found: RangeFound }): Html {
  const number = html`<bdi class="code">${callNumber}</bdi>`
  if (found === 'undecided')
    return notice(visit, 'warn', {
      title: html`Nothing could be decided about ${number}.`,
      body: html`<p>Ask again; if it stays so, make the patterns simpler.</p>`,
    })
  if (found === 'none') return notice(visit, 'plain', { title: html`No range matches ${number}.` })
  return notice(visit, 'good', {
    title: html`${number} stands on the shelf <bdi>${found.shelf}</bdi>.`,
    body: html`<p>By range ${found.range}, <span class="code">${found.pattern}</span>.</p>`,
  })
}
