import { judgedNumber, type NumberJudged, numberProblem } from '../formats/number-format.ts'
import type { Flaws } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { placeOf } from './add-copy.ts'
import { checkedCopy } from './checked-copy.ts'
import { plannedShelf } from './planned-shelf.ts'
import { lendableNow, lendableWhenFound } from './stock-take/missing.ts'

/** Which copy (by identity, or by the barcode that it has now), from which version, and what changes; the rest stays. */
export type EditCopyAsk = {
  readonly copyId?: number
  readonly barcodeNow?: string
  /** The version that the editor saw. */
  readonly version: number
  readonly barcode?: string
  readonly branch?: string
  readonly itemType?: string
  readonly shelf?: string
  readonly callNumber?: string
  readonly lendable?: boolean
  readonly note?: string
  readonly priceCents?: number | null
  /** What the format of the branch says of a new barcode: see `editJudged`. */
  readonly barcodeJudged?: NumberJudged | undefined
  /** The shelf that the plan of the branch says, for a copy that the edit leaves without one: see `editJudged`. */
  readonly shelfPlanned?: string | undefined
}

/**
 * The same ask, with what the format of the branch says of a barcode that is given anew, and its plan of the shelf where
 * the copy has none. An edit that is about neither shelf, call number nor branch puts no copy on a shelf.
 */
export async function editJudged(
  library: Pick<Library, 'db' | 'patterns'>,
  ask: EditCopyAsk,
): Promise<EditCopyAsk> {
  const [found] = await library.db.rows<{ branch: string; shelf: string; callNumber: string }>(sql`
    select branch.code as branch, copy.shelf, copy.call_number as "callNumber"
    from copy
    join branch on branch.id = copy.branch_id
    where ${isAsked(ask)}
  `)
  if (!found) return ask
  const { barcode: number, branch = found.branch } = ask
  const shelf = (ask.shelf ?? found.shelf).trim()
  const callNumber = (ask.callNumber ?? found.callNumber).trim()
  const isMoved = branch !== found.branch || shelf !== found.shelf || callNumber !== found.callNumber
  const [barcodeJudged, shelfPlanned] = await Promise.all([
    number === undefined ? undefined : judgedNumber(library, 'barcode', { branch, number }),
    isMoved && shelf === '' && callNumber !== '' ? plannedShelf(library, { branch, callNumber }) : undefined,
  ])
  return { ...ask, barcodeJudged, shelfPlanned }
}

/** The copy's new version. */
export type CopyEdited = { readonly copyId: number; readonly titleId: number; readonly version: number }

/** Why a copy was not edited. */
export type EditCopyRefused =
  | { readonly refused: 'copy-unknown' }
  | { readonly refused: 'version-stale'; readonly version: number }
  | { readonly refused: 'barcode-taken'; readonly titleId: number }
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'item-type-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

type Found = {
  id: number
  title_id: number
  version: number
  barcode: string
  branch: string
  item_type: string
}

/** Changes what a copy is called and where it belongs; who has it stays as it is. */
export const editCopy: Verb<EditCopyAsk, CopyEdited, EditCopyRefused> = {
  action: 'edit-copy',
  about: ({ copyId, titleId }) => ({ copyId, titleId }),
  recognisedBy: (ask) => ({ ...ask, barcodeJudged: undefined, shelfPlanned: undefined }),
  work: async (tx, ask) => {
    const [found] = await tx.rows<Found>(sql`
      select copy.id, copy.title_id, copy.version, copy.barcode, branch.code as branch, item_type.code as item_type
      from copy
      join branch on branch.id = copy.branch_id
      join item_type on item_type.id = copy.item_type_id
      where ${isAsked(ask)}
      for no key update of copy
    `)
    if (!found) return { refused: 'copy-unknown' }
    if (found.version !== ask.version) return { refused: 'version-stale', version: found.version }
    const checked = checkedCopy({ ...ask, barcode: ask.barcode ?? found.barcode })
    if (!checked.ok) return { refused: 'fields-invalid', problems: checked.problems }
    const { texts } = checked
    const [taken] = await tx.rows<{ title_id: number }>(sql`
      select title_id from copy where barcode = ${texts.barcode} and id <> ${found.id}
    `)
    if (taken) return { refused: 'barcode-taken', titleId: taken.title_id }
    const place = await placeOf(tx, {
      branch: ask.branch ?? found.branch,
      itemType: ask.itemType ?? found.item_type,
    })
    if (place.branchId === undefined) return { refused: 'branch-unknown' }
    if (place.itemTypeId === undefined) return { refused: 'item-type-unknown' }
    if (texts.barcode !== found.barcode) {
      const { barcode } = texts
      const problem = await numberProblem(tx, 'barcode', {
        branchId: place.branchId,
        number: barcode,
        judged: ask.barcodeJudged,
      })
      if (problem) return problem
    }
    const [edited] = await tx.rows<{ version: number }>(sql`
      update copy
      set barcode = ${texts.barcode}, branch_id = ${place.branchId}, item_type_id = ${place.itemTypeId},
        shelf = coalesce(${ask.shelfPlanned ?? texts.shelf ?? null}, shelf),
        call_number = coalesce(${texts.callNumber ?? null}, call_number),
        note = coalesce(${texts.note ?? null}, note),
        lendable = ${lendableNow(sql`coalesce(${ask.lendable ?? null}, copy.lendable)`)},
        price_cents = case when ${ask.priceCents === undefined} then price_cents else ${ask.priceCents ?? null} end,
        version = version + 1
      where id = ${found.id}
      returning version
    `)
    if (!edited) throw new Error(`The copy ${found.id} was locked and is gone.`)
    if (ask.lendable !== undefined) await lendableWhenFound(tx, { copyId: found.id, lendable: ask.lendable })
    return { copyId: found.id, titleId: found.title_id, version: edited.version }
  },
}

function isAsked({ copyId, barcodeNow }: EditCopyAsk) {
  return copyId === undefined ? sql`copy.barcode = ${barcodeNow ?? ''}` : sql`copy.id = ${copyId}`
}
