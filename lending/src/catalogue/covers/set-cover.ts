import { sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import type { PictureKind } from './resize.ts'

/** A title, and the picture that is its cover from now on, as it was checked. */
export type SetCoverAsk = {
  readonly titleId: number
  readonly kind: PictureKind
  readonly bytes: number
  /** In hex. */
  readonly sha256: string
}

/** Why a title keeps the cover that it has. */
export type SetCoverRefused = { readonly refused: 'title-unknown' }

/**
 * Notes that a title has another cover. The file is put in its place by whoever asked, after this: where it is refused or
 * lost, the cover that was there is there still, and the same form sent again does both.
 */
export const setCover: Verb<SetCoverAsk, SetCoverAsk, SetCoverRefused> = {
  action: 'set-cover',
  about: ({ titleId }) => ({ titleId }),
  work: async (tx, { titleId, kind, bytes, sha256 }) => {
    const [title] = await tx.rows(sql`
      select from title where id = ${titleId} and deleted_at is null for key share
    `)
    return title ? { titleId, kind, bytes, sha256 } : { refused: 'title-unknown' }
  },
}
