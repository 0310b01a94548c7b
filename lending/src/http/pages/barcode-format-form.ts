import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  type BarcodeFormat,
  formatLimits,
  judgedFormat,
  setBarcodeFormat,
} from '../../catalogue/barcode-format.ts'
import type { Branch } from '../../circulation/places.ts'
import { asked } from './asked.ts'
import { buttonForm, carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, type Served } from './serve-page.ts'
import type { Visit } from './visit.ts'

/** What was typed about a format and refused: shown again at its branch. */
export type FormatTyped = BarcodeFormat & { readonly problems: Readonly<Record<string, string>> }

type ShowBranches = (
  request: FastifyRequest,
  reply: FastifyReply,
  wrong: { readonly refusal: Refused; readonly typed: FormatTyped },
) => Promise<FastifyReply>

/** Sets and removes the barcode format of a branch; `showBranches` shows the page again with what was wrong. */
export function barcodeFormatForms(served: Served, showBranches: ShowBranches): void {
  const config = { access: { needs: 'rules-write' } } as const

  served.app.post('/branches/barcode-format', { config }, async (request, reply) => {
    const form = asked(request.body)
    const branch = form.text('branch', { max: 32, label: 'The branch' })
    const pattern = form.text('pattern', { max: formatLimits.pattern, label: 'The pattern' })
    const example = form.text('example', { max: formatLimits.example, label: 'The example' })
    const format = await judgedFormat(served.library, { pattern, example })
    const outcome = await act(served, request, setBarcodeFormat, { branch, format })
    if (outcome.outcome === 'done') return goTo(reply, '/branches', { said: 'barcode-format-set' })
    const problems = 'problems' in outcome.refusal ? outcome.refusal.problems : {}
    return showBranches(request, reply, {
      refusal: outcome.refusal,
      typed: { branch, pattern, example, problems },
    })
  })

  served.app.post('/branches/barcode-format/remove', { config }, async (request, reply) => {
    const branch = asked(request.body).text('branch', { max: 32, label: 'The branch' })
    const outcome = await act(served, request, setBarcodeFormat, { branch, format: null })
    if (outcome.outcome === 'done') return goTo(reply, '/branches', { said: 'barcode-format-removed' })
    const typed = { branch, pattern: '', example: '', problems: {} }
    return showBranches(request, reply, { refusal: outcome.refusal, typed })
  })
}

/** The form for one branch, filled with its format or with what was typed and refused. */
export function barcodeFormatForm(
  visit: Visit,
  {
    branch,
    format,
    typed,
  }: {
    readonly branch: Branch
    readonly format: BarcodeFormat | undefined
    readonly typed: FormatTyped | undefined
  },
): Html {
  const id = `branch-${branch.branchId}`
  const shown = typed ?? format
  return html`<div class="stack-tight">
    <h3>Barcodes</h3>
    <form class="form" method="post" action="/branches/barcode-format">${hidden(visit)}${carried('branch', branch.code)}
      ${textField({
        name: 'pattern',
        id: `${id}-pattern`,
        label: 'New barcodes match',
        value: shown?.pattern,
        max: formatLimits.pattern,
        required: true,
        problem: typed?.problems.pattern,
        hint: 'A pattern, as [0-9]{14} for 14 digits. It must match from end to end.',
      })}
      ${textField({
        name: 'example',
        id: `${id}-example`,
        label: 'For example',
        value: shown?.example,
        max: formatLimits.example,
        required: true,
        problem: typed?.problems.example,
      })}
      <div><button class="button quiet">Save the format</button></div></form>
    ${
      format &&
      buttonForm(visit, {
        action: '/branches/barcode-format/remove',
        label: 'Take any barcode',
        about: `at ${branch.name}`,
        fields: { branch: branch.code },
      })
    }
  </div>`
}
