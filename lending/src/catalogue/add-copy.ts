import { type NumberJudged, numberProblem } from '../formats/number-format.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import type { FieldProblems } from './checked-fields.ts'

/** A new copy of a title: where it stands and what kind of thing it is, by their codes. */
export type AddCopyAsk = {
  readonly titleId: number
  readonly barcode: string
  readonly branch: string
  readonly itemType: string
  readonly shelf?: string
  readonly callNumber?: string
  /** Default: yes. */
  readonly lendable?: boolean
  readonly note?: string
  /** In whole cents; null or absent when nobody knows. */
  readonly priceCents?: number | null
  /** What the format of the branch says of the barcode: see `judgedNumber`. */
  readonly barcodeJudged?: NumberJudged | undefined
}

/** The new copy. */
export type CopyAdded = { readonly copyId: number; readonly titleId: number; readonly version: number }

/** Why a copy was not added. */
export type AddCopyRefused =
  | { readonly refused: 'title-unknown' }
  | { readonly refused: 'barcode-taken'; readonly titleId: number }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'item-type-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: FieldProblems }

/** Adds a copy to a title. */
export const addCopy: Verb<AddCopyAsk, CopyAdded, AddCopyRefused> = {
  action: 'add-copy',
  about: ({ copyId, titleId }) => ({ copyId, titleId }),
  recognisedBy: (ask) => ({ ...ask, barcodeJudged: undefined }),
  work: async (tx, ask, { occurredAt }) => {
    const checked = checkedCopy(ask)
    if (!checked.ok) return { refused: 'fields-invalid', problems: checked.problems }
    const { barcode, shelf = '', callNumber = '', note = '' } = checked.texts
    // Held so that the title cannot be taken away while it gets a copy.
    const [title] = await tx.rows(sql`
      select from title where id = ${ask.titleId} and deleted_at is null for key share
    `)
    if (!title) return { refused: 'title-unknown' }
    const [taken] = await tx.rows<{ title_id: number }>(sql`
      select title_id from copy where barcode = ${barcode}
    `)
    if (taken) return { refused: 'barcode-taken', titleId: taken.title_id }
    const place = await placeOf(tx, ask)
    if (place.branchId === undefined) return { refused: 'branch-unknown' }
    if (place.itemTypeId === undefined) return { refused: 'item-type-unknown' }
    const problem = await numberProblem(tx, 'barcode', {
      branchId: place.branchId,
      number: barcode,
      judged: ask.barcodeJudged,
    })
    if (problem) return problem
    const [made] = await tx.rows<{ id: number }>(sql`
      insert into copy (
        title_id, barcode, branch_id, item_type_id, shelf, call_number, lendable, note, price_cents, created_at
      )
      values (
        ${ask.titleId}, ${barcode}, ${place.branchId}, ${place.itemTypeId}, ${shelf}, ${callNumber},
        ${ask.lendable ?? true}, ${note}, ${ask.priceCents ?? null}, ${occurredAt}
      )
      returning id
    `)
    if (!made) throw new Error('The database gave no row for a new copy.')
    return { copyId: made.id, titleId: ask.titleId, version: 1 }
  },
}

/** The longest that each text of a copy may be, in characters. */
export const copyLimits = { barcode: 64, shelf: 200, callNumber: 200, note: 2_000 } as const

/** The dearest copy, in cents: what the column holds. */
const priceCentsMax = 2_147_483_647

type CopyTexts = { barcode: string; shelf?: string; callNumber?: string; note?: string }

/** Checks the texts of a copy; those left out stay out, but a barcode is always there. */
export function checkedCopy(
  given: Readonly<Partial<Record<keyof CopyTexts | 'priceCents', unknown>>>,
): { ok: true; texts: CopyTexts } | { ok: false; problems: FieldProblems } {
  const texts: CopyTexts = { barcode: '' }
  const problems: Record<string, string> = {}
  const labels = {
    barcode: 'The barcode',
    shelf: 'The shelf',
    callNumber: 'The call number',
    note: 'The note',
  }
  for (const name of ['barcode', 'shelf', 'callNumber', 'note'] as const) {
    if (given[name] === undefined) continue
    const checked = plainText(given[name], {
      label: labels[name],
      max: copyLimits[name],
      required: name === 'barcode',
      lines: name === 'note',
    })
    if (checked.ok) texts[name] = checked.text
    else problems[name] = checked.problem
  }
  if (!isPrice(given.priceCents))
    problems.priceCents = 'The price must be a whole number of cents, 0 or more.'
  return Object.keys(problems).length > 0 ? { ok: false, problems } : { ok: true, texts }
}

function isPrice(value: unknown): boolean {
  if (value === undefined || value === null) return true
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= priceCentsMax
}

/** The identities behind a branch's and an item type's code; undefined where there is none. */
export async function placeOf(
  tx: Pick<Tx, 'rows'>,
  { branch, itemType }: { readonly branch: string; readonly itemType: string },
): Promise<{ branchId: number | undefined; itemTypeId: number | undefined }> {
  const [row] = await tx.rows<{ branch_id: number | null; item_type_id: number | null }>(sql`
    select
      (select id from branch where code = ${branch}) as branch_id,
      (select id from item_type where code = ${itemType}) as item_type_id
  `)
  return { branchId: row?.branch_id ?? undefined, itemTypeId: row?.item_type_id ?? undefined }
}
