import type { Flaws } from '../language/flaw.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { checkedFields } from './checked-fields.ts'
import { newTitleIds, storeOne } from './stored-title.ts'
import { emptyTitle, type TitleFields } from './title-fields.ts'

/** What a new title is made of; a field that is left out is empty. */
export type AddTitleAsk = { readonly fields: Partial<TitleFields> }

/** The new title and its first version. */
export type TitleAdded = { readonly titleId: number; readonly version: number }

/** Why a title was not added. */
export type AddTitleRefused =
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'control-number-taken'; readonly titleId: number }

/** Adds one title to the catalogue, found by search at once. */
export const addTitle: Verb<AddTitleAsk, TitleAdded, AddTitleRefused> = {
  action: 'add-title',
  about: ({ titleId }) => ({ titleId }),
  work: async (tx, { fields: given }, { occurredAt }) => {
    const checked = checkedFields({ title: '', ...given })
    if (!checked.ok) return { refused: 'fields-invalid', problems: checked.problems }
    const fields = { ...emptyTitle, ...checked.fields }
    const taken = await titleWithNumber(tx, fields)
    if (taken !== undefined) return { refused: 'control-number-taken', titleId: taken }
    const [titleId] = await newTitleIds(tx, 1)
    if (titleId === undefined) throw new Error('The database gave no identity for a new title.')
    await storeOne(tx, { titleId, version: 1, fields }, { at: occurredAt, wordsBefore: undefined })
    return { titleId, version: 1 }
  },
}

/** The title in the catalogue that has this number from this source, if it has one. */
export async function titleWithNumber(
  tx: Pick<Tx, 'rows'>,
  { controlSource, controlNumber }: Pick<TitleFields, 'controlSource' | 'controlNumber'>,
): Promise<number | undefined> {
  if (controlNumber === null) return undefined
  const [row] = await tx.rows<{ id: number }>(sql`
    select id
    from title
    where control_source = ${controlSource} and control_number = ${controlNumber} and deleted_at is null
  `)
  return row?.id
}
