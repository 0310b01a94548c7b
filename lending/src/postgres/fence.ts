import type { Rows } from './pool.ts'
import { sql } from './sql.ts'

/** Under which epoch writes go on, and whether they do. */
export type Fence = { readonly epoch: number; readonly mode: 'normal' | 'read-only' | 'halted' }

/** Reads the fence as it stands, without taking part in it. */
export async function fence(db: { readonly rows: Rows }): Promise<Fence> {
  const [row] = await db.rows<Fence>(sql`select epoch, mode from fence`)
  return row ?? { epoch: 0, mode: 'halted' }
}
