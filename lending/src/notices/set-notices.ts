import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'

/** Turning notices on at an installation, or off everywhere. */
export type SetNoticesAsk = { readonly on: boolean; readonly installation: string }

/** How the switch stands now. */
export type NoticesSet = { readonly on: boolean; readonly installations: number }

/**
 * Turns notices on or off. What turned too old while they were off is not sent when they are on again: the sender
 * leaves it to a person. Whoever offers this in production first shows what would go out, and asks for a confirmation.
 */
export const setNotices: Verb<SetNoticesAsk, NoticesSet, never> = {
  action: 'set-notices',
  about: () => ({}),
  work: async (tx, { on, installation }, { occurredAt }) => {
    const [row] = await tx.rows<NoticesSet>(sql`
      update notice_switch
      set installations = case
            when not ${on}::boolean then '{}'
            when ${installation} = any(installations) then installations
            else installations || ${installation}::text
          end,
          version = version + 1, changed_at = ${occurredAt}
      returning installations <> '{}' as on, cardinality(installations) as installations
    `)
    if (!row) throw new Error('The switch of notices is not there.')
    return row
  },
}

/** Whether notices are on here, on at another installation only, or off. */
export async function noticeSwitch(
  db: { readonly rows: Rows },
  installation: string,
): Promise<'on' | 'elsewhere' | 'off'> {
  const [row] = await db.rows<{ state: 'on' | 'elsewhere' | 'off' }>(sql`
    select case
      when installations = '{}' then 'off'
      when ${installation} = any(installations) then 'on'
      else 'elsewhere'
    end as state
    from notice_switch
  `)
  return row?.state ?? 'off'
}
