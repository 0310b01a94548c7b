import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ChangeSet, changeSet } from '../../catalogue/import/change-set.ts'
import { rowBytesMax } from '../../catalogue/import/csv-rows.ts'
import { type Mended, mendReject, readMended } from '../../catalogue/import/mend-reject.ts'
import {
  type Mending,
  mendingOf,
  type RejectToMend,
  rejectToMend,
} from '../../catalogue/import/reject-to-mend.ts'
import { recordFromLines } from '../../catalogue/marc/record-lines.ts'
import type { Flaw } from '../../language/flaw.ts'
import { plainText } from '../../text.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { asked, identity } from './asked.ts'
import { html } from './html.ts'
import { mendView } from './imports-mend-view.ts'
import { linesSent } from './marc-page.ts'
import type { Refused } from './refusal-notice.ts'
import { act, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'

const config = { access: { needs: 'import' } } as const

/** One record that an import set aside: it is mended right there and taken in under the same import. */
export function importMendPages(served: Served): void {
  const { app } = served
  app.get('/imports/:id/rejects/:record', { config }, async (request, reply) => {
    const at = await rejectIn(served, request)
    return showMending(served, request, reply, {
      ...at,
      mending: await mendingOf(at.set.setup, at.reject.raw),
    })
  })

  app.post('/imports/:id/rejects/:record', { config }, async (request, reply) => {
    const at = await rejectIn(served, request, { mendedToo: true })
    const { mending, mended } = await mendedIn(request, at)
    if ('refused' in mended) return showMending(served, request, reply, { ...at, mending, refusal: mended })
    const { changeSetId } = at.set
    const { recordNumber } = at.reject
    const record = await readMended(served.library, at.set, { reject: at.reject, mended: mended.record })
    const ask = { changeSetId, recordNumber, record: JSON.stringify(mended.record) }
    const outcome = await act(served, request, mendReject(record), ask)
    if (outcome.outcome === 'refused')
      return showMending(served, request, reply, { ...at, mending, refusal: outcome.refusal })
    return goTo(reply, `/imports/${changeSetId}/rejects`, { said: `reject-${outcome.answer.fate}` })
  })
}

type At = { readonly set: ChangeSet; readonly reject: RejectToMend }

async function rejectIn(
  { library }: Served,
  request: FastifyRequest,
  which: { readonly mendedToo?: boolean } = {},
): Promise<At> {
  const changeSetId = idIn(request)
  const recordNumber = asked(request.params).whole('record', identity)
  const set = changeSetId === undefined ? undefined : await changeSet(library.db, changeSetId)
  if (!set) throw new RefusedAtTheDoorError('import-unknown')
  const reject =
    recordNumber === undefined
      ? undefined
      : await rejectToMend(library.db, set.changeSetId, recordNumber, which)
  if (!reject) throw new RefusedAtTheDoorError('reject-unknown')
  return { set, reject }
}

type Typed = {
  readonly mending: Mending
  readonly mended: { readonly record: Mended } | Refused
}

/** What was typed, to be shown again, and the record that it makes. */
async function mendedIn(request: FastifyRequest, { set, reject }: At): Promise<Typed> {
  const { csv } = set.setup
  const before = await mendingOf(set.setup, reject.raw)
  if (csv && before.as === 'cells') {
    const { cells, problems } = cellsSent(request, csv.header.length)
    const mending = { ...before, cells }
    const isUnfit = Object.keys(problems).length > 0
    return { mending, mended: isUnfit ? { refused: 'fields-invalid', problems } : { record: cells } }
  }
  if (before.as === 'too-long') return { mending: before, mended: { refused: 'record-unfit' } }
  const lines = linesSent(request)
  const known = new Set(before.as === 'lines' ? before.lines.split('\n') : [])
  const read = recordFromLines(lines, known)
  return {
    mending: { as: 'lines', lines },
    mended: read.ok ? { record: read.record } : { refused: 'record-lines-unfit', problems: read.problems },
  }
}

/** Whatever was sent is shown again, also where it is no text of a title. */
function cellsSent({ body }: FastifyRequest, count: number) {
  const sent = (body ?? {}) as Readonly<Record<string, unknown>>
  const problems: Record<string, Flaw> = {}
  const cells = Array.from({ length: count }, (_, index) => {
    const name = `cell-${index + 1}`
    const value = sent[name]
    const text = typeof value === 'string' ? value.slice(0, rowBytesMax) : ''
    const checked = plainText(text, { max: rowBytesMax, label: 'the-cell', lines: true })
    if (!checked.ok) problems[name] = checked.problem
    return checked.ok ? checked.text : text
  })
  return { cells, problems }
}

async function showMending(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  shown: At & { readonly mending: Mending; readonly refusal?: Refused },
): Promise<FastifyReply> {
  const { set, reject, refusal } = shown
  const visit = await visitOf(served, request, reply)
  const frame = {
    title: visit.say('mend.title', { number: reject.recordNumber }),
    door: '/imports',
    lead: html`<bdi dir="auto">${set.name}</bdi>`,
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, mendView(visit, shown))
}
