import type { Flaws } from '../language/flaw.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { titleWithNumber } from './add-title.ts'
import { checkedFields } from './checked-fields.ts'
import { otherTitlesOf } from './kept-record.ts'
import { fieldsOf, type StoredTitle, storeOne, titleColumns } from './stored-title.ts'
import type { TitleFields } from './title-fields.ts'
import { titleWords } from './tokens.ts'

/** Which title, from which version, and the fields that change; those left out stay as they are. */
export type EditTitleAsk = {
  readonly titleId: number
  /** The version that the editor saw. */
  readonly version: number
  readonly fields: Partial<TitleFields>
}

/** The title's new version. */
export type TitleEdited = { readonly titleId: number; readonly version: number }

/** Why a title was not edited. */
export type EditTitleRefused =
  | { readonly refused: 'title-unknown' }
  | { readonly refused: 'version-stale'; readonly version: number }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'control-number-taken'; readonly titleId: number }

/**
 * Changes fields of a title. The record that it came with is kept as it came. Nobody overwrites what they have
 * not seen: the version must still be the one that the editor saw.
 */
export const editTitle: Verb<EditTitleAsk, TitleEdited, EditTitleRefused> = {
  action: 'edit-title',
  about: ({ titleId }) => ({ titleId }),
  work: async (tx, { titleId, version, fields: given }, { occurredAt }) => {
    const checked = checkedFields(given)
    if (!checked.ok) return { refused: 'fields-invalid', problems: checked.problems }
    const [row] = await tx.rows<StoredTitle>(sql`
      select ${titleColumns} from title where id = ${titleId} and deleted_at is null for no key update
    `)
    if (!row) return { refused: 'title-unknown' }
    if (row.version !== version) return { refused: 'version-stale', version: row.version }
    const otherTitles = await otherTitlesOf(tx, titleId)
    const before = { ...fieldsOf(row), otherTitles }
    const fields = { ...before, ...checked.fields }
    const taken = await titleWithNumber(tx, fields)
    if (taken !== undefined && taken !== titleId) return { refused: 'control-number-taken', titleId: taken }
    await storeOne(
      tx,
      { titleId, version: version + 1, fields },
      { at: occurredAt, wordsBefore: titleWords(before) },
    )
    return { titleId, version: version + 1 }
  },
}
