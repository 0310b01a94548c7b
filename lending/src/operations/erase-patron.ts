import { type Acted, guarded } from '@bibby/guard/guarded.ts'
import { scanned } from '../circulation/scanned.ts'
import { emptyErased } from '../patrons/empty-erased.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { endSessions } from '../staff/session.ts'
import { patronMeant, patronsStanding } from './patron-meant.ts'

/** Whom to erase, and why. */
export type ErasePatron = { readonly card: string; readonly because: string }

/**
 * Takes a patron out of the library: the card works no more and nobody finds them. For as long as there is a way back the
 * record is kept, deleted; then everything that says who they were goes for good. What was lent stays, and counts.
 */
export const erasePatron = guarded<Tx, ErasePatron>({
  name: 'erase-patron',
  phrase: () => ({ verb: 'ERASE', noun: 'PATRON' }),
  // One patron, and what stands in the way of it.
  ceiling: { rows: 100, percent: 100 },
  find: async (tx, { card }, { atMost }) => {
    const { patron, inTheWay, shown } = await patronMeant(tx, {
      card: scanned(card),
      obstaclesMax: atMost - 1,
    })
    const [all] = await tx.rows<{ total: number }>(sql`
      select count(*)::integer as total from patron where deleted_at is null
    `)
    const targets = [...(patron ? [patron] : []), ...inTheWay]
    return { targets, total: Math.max(all?.total ?? 0, targets.length), shown }
  },
  hold: async (tx, ids) => {
    // Whoever lends to them, takes their money or edits them waits for this, or goes before it.
    await tx.rows(sql`select id from patron where id = any(${ids}::bigint[]) order by id for update`)
    return patronsStanding(tx, ids)
  },
  dependents: 'none',
  act: async (tx, ids) => {
    for (const id of ids) await endSessions(tx, { patronId: Number(id) })
    const before = await tx.rows<{ id: string; version: number }>(sql`
      update patron
      set deleted_at = clock_timestamp(), version = version + 1
      where id = any(${ids}::bigint[]) and deleted_at is null
      returning id::text, version - 1 as version
    `)
    const after = new Map((await patronsStanding(tx, ids)).map(({ id, version }) => [id, version]))
    return before.map(
      ({ id, version }): Acted => ({ id, versionAfter: after.get(id) ?? '', before: { version } }),
    )
  },
  undo: {
    days: 30,
    restore: async (tx, rows) => {
      await tx.rows(sql`
        update patron
        set deleted_at = null, version = (was.row -> 'before' ->> 'version')::integer
        from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as was (row)
        where patron.id = (was.row ->> 'id')::bigint
      `)
    },
  },
  purge: async (tx, ids) => {
    const { isWhole, ...noted } = await emptyErased(tx, ids.map(Number))
    return { isWhole, noted }
  },
  batchRows: 1,
  pace: 'at-once',
  health: 'not-asked',
  people: { needed: 1, confirmMinutes: 60 },
})
