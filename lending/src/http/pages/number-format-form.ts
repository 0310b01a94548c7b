import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Branch } from '../../circulation/places.ts'
import {
  formatLimits,
  judgedFormat,
  type NumberFormat,
  type NumberKind,
  setBarcodeFormat,
  setCardFormat,
} from '../../formats/number-format.ts'
import type { Flaws } from '../../language/flaw.ts'
import { asked } from './asked.ts'
import { flawText } from './flaw-text.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** What was typed about a format and refused: shown again at its branch. */
export type FormatTyped = NumberFormat & {
  readonly kind: NumberKind
  readonly problems: Flaws
}

type ShowBranches = (
  request: FastifyRequest,
  reply: FastifyReply,
  wrong: { readonly refusal: Refused; readonly typed: FormatTyped },
) => Promise<FastifyReply>

const verbs = { barcode: setBarcodeFormat, card: setCardFormat } as const

/** Sets and removes the formats of a branch; `showBranches` shows the page again with what was wrong. */
export function numberFormatForms(served: Served, showBranches: ShowBranches): void {
  for (const kind of ['barcode', 'card'] as const) formatForms(served, kind, showBranches)
}

function formatForms(served: Served, kind: NumberKind, showBranches: ShowBranches): void {
  const config = { access: { needs: 'rules-write' } } as const
  const verb = verbs[kind]

  served.app.post(`/branches/${kind}-format`, { config }, async (request, reply) => {
    const form = asked(request.body)
    const branch = form.text('branch', { max: 32, label: 'the-branch' })
    const pattern = form.text('pattern', { max: formatLimits.pattern, label: 'the-pattern' })
    const example = form.text('example', { max: formatLimits.example, label: 'the-example' })
    const format = await judgedFormat(served.library, { pattern, example })
    const outcome = await act(served, request, verb, { branch, format })
    if (outcome.outcome === 'done') return goTo(reply, '/branches', { said: `${kind}-format-set` })
    const problems = 'problems' in outcome.refusal ? outcome.refusal.problems : {}
    return showBranches(request, reply, {
      refusal: outcome.refusal,
      typed: { kind, branch, pattern, example, problems },
    })
  })

  served.app.post(`/branches/${kind}-format/remove`, { config }, async (request, reply) => {
    const branch = asked(request.body).text('branch', { max: 32, label: 'the-branch' })
    const outcome = await act(served, request, verb, { branch, format: null })
    if (outcome.outcome === 'done') return goTo(reply, '/branches', { said: `${kind}-format-removed` })
    const typed = { kind, branch, pattern: '', example: '', problems: {} }
    return showBranches(request, reply, { refusal: outcome.refusal, typed })
  })
}

/** The form for one branch, filled with its format or with what was typed and refused. */
export function numberFormatForm(
  visit: Visit,
  {
    kind,
    branch,
    format,
    typed,
  }: {
    readonly kind: NumberKind
    readonly branch: Branch
    readonly format: NumberFormat | undefined
    readonly typed: FormatTyped | undefined
  },
): Html {
  const id = `branch-${branch.branchId}-${kind}`
  const shown = typed ?? format
  const { say } = visit
  return html`<div class="stack-tight">
    <h3>${say(`${kind}-format.heading`)}</h3>
    <form class="form" method="post" action="/branches/${kind}-format">${hidden(visit)}${carried('branch', branch.code)}
      ${textField({
        name: 'pattern',
        id: `${id}-pattern`,
        label: say(`${kind}-format.label`),
        value: shown?.pattern,
        max: formatLimits.pattern,
        required: true,
        problem: flawText(visit, typed?.problems.pattern),
        hint: say(`${kind}-format.hint`),
      })}
      ${textField({
        name: 'example',
        id: `${id}-example`,
        label: say('number-format.example'),
        value: shown?.example,
        max: formatLimits.example,
        required: true,
        problem: flawText(visit, typed?.problems.example),
      })}
      <div><button class="button quiet">${say('number-format.save')}</button></div></form>
    ${
      format &&
      buttonForm(visit, {
        action: `/branches/${kind}-format/remove`,
        label: say(`${kind}-format.any`),
        about: say('number-format.at', { branch: branch.name }),
        fields: { branch: branch.code },
      })
    }
  </div>`
}
