import { guarded } from '@bibby/guard/guarded.ts'
import type { Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { holdCopies, titlesLeftWithoutCopies } from './copies-in-the-way.ts'
import { copiesMeant, type Selection } from './copies-meant.ts'

/** Which copies to withdraw, and why. */
export type WithdrawCopies = Selection & { readonly because: string }

/** Takes copies out of the collection. They keep their history, and come back by undo. */
export const withdrawCopies = guarded<Tx, WithdrawCopies>({
  name: 'withdraw-copies',
  phrase: ({ branch }) => ({
    verb: 'WITHDRAW',
    noun: 'COPIES',
    ...(branch === null ? {} : { where: `FROM ${branch}` }),
  }),
  ceiling: { rows: 5_000, percent: 20 },
  find: copiesMeant,
  hold: holdCopies,
  dependents: (tx, _, ids) => titlesLeftWithoutCopies(tx, ids),
  act: (tx, ids, { arguments: { because } }) =>
    tx.rows(sql`
      with before as (
        select id, version from copy where id = any(${ids}::bigint[])
      )
      update copy
      set withdrawn_because = ${because}, withdrawn_at = clock_timestamp(), version = copy.version + 1
      from before
      where copy.id = before.id
      returning copy.id::text, copy.version::text as "versionAfter",
        json_build_object('version', before.version) as before
    `),
  undo: {
    days: 30,
    restore: async (tx, rows) => {
      await tx.rows(sql`
        update copy
        set withdrawn_because = null, withdrawn_at = null, version = (was.row -> 'before' ->> 'version')::integer
        from jsonb_array_elements(${JSON.stringify(rows)}::jsonb) as was (row)
        where copy.id = (was.row ->> 'id')::bigint
      `)
    },
  },
  batchRows: 200,
  pace: { rowsPerMinute: 12_000 },
  health: 'not-asked',
  people: { needed: 1, confirmMinutes: 60 },
})
