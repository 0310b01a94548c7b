import { judgedNumber, type NumberJudged, numberProblem } from '../formats/number-format.ts'
import type { Flaws } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { checkedCopy } from './checked-copy.ts'
import { plannedShelf } from './planned-shelf.ts'

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
  /** The shelf that the plan of the branch says, for a copy that is given none: see `addJudged`. */
  readonly shelfPlanned?: string | undefined
}

/** The same ask, with what the format of the branch says of the barcode, and its plan of the shelf. */
export async function addJudged(
  library: Pick<Library, 'db' | 'patterns'>,
  ask: AddCopyAsk,
): Promise<AddCopyAsk> {
  const { branch, barcode: number, shelf = '', callNumber = '' } = ask
  const [barcodeJudged, shelfPlanned] = await Promise.all([
    judgedNumber(library, 'barcode', { branch, number }),
    shelf.trim() === '' && callNumber !== '' ? plannedShelf(library, { branch, callNumber }) : undefined,
  ])
  return { ...ask, barcodeJudged, shelfPlanned }
}

/** The new copy. */
export type CopyAdded = { readonly copyId: number; readonly titleId: number; readonly version: number }

/** Why a copy was not added. */
export type AddCopyRefused =
  | { readonly refused: 'title-unknown' }
  | { readonly refused: 'barcode-taken'; readonly titleId: number }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'item-type-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Adds a copy to a title. */
export const addCopy: Verb<AddCopyAsk, CopyAdded, AddCopyRefused> = {
  action: 'add-copy',
  about: ({ copyId, titleId }) => ({ copyId, titleId }),
  recognisedBy: (ask) => ({ ...ask, barcodeJudged: undefined, shelfPlanned: undefined }),
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
        ${ask.titleId}, ${barcode}, ${place.branchId}, ${place.itemTypeId}, ${shelf || (ask.shelfPlanned ?? '')},
        ${callNumber},
        ${ask.lendable ?? true}, ${note}, ${ask.priceCents ?? null}, ${occurredAt}
      )
      returning id
    `)
    if (!made) throw new Error('The database gave no row for a new copy.')
    return { copyId: made.id, titleId: ask.titleId, version: 1 }
  },
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
