import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'

/** Turning notices on at an installation, or off everywhere. */
export type SetNoticesAsk = {
  readonly on: boolean
  readonly installation: string
  /** Whether patrons of a real library would be told: then turning on is planned and confirmed first. */
  readonly isProduction: boolean
}

/** How the switch stands now. */
export type NoticesSet = { readonly on: boolean; readonly installations: number }

/**
 * Turns notices off, or on where nobody can get a letter by mistake: outside production, and in a library in which
 * nobody has an address yet. What turned too old while they were off is not sent when they are on again: the sender
 * leaves it to a person.
 */
export const setNotices: Verb<SetNoticesAsk, NoticesSet, { readonly refused: 'notices-need-plan' }> = {
  action: 'set-notices',
  about: () => ({}),
  work: async (tx, { on, installation, isProduction }, { occurredAt }) => {
    if (on && isProduction && (await anybodyCouldBeTold(tx, installation))) {
      return { refused: 'notices-need-plan' }
    }
    if (on) return addInstallation(tx, installation, occurredAt)
    return switched(
      await tx.rows<NoticesSet>(sql`
        update notice_switch set installations = '{}', version = version + 1, changed_at = ${occurredAt}
        returning false as on, 0 as installations
      `),
    )
  },
}

/** Turns notices on at an installation: for `setNotices`, and for the operation that a person has confirmed. */
export async function addInstallation(tx: Tx, installation: string, now: Date): Promise<NoticesSet> {
  return switched(
    await tx.rows<NoticesSet>(sql`
      update notice_switch
      set installations = case
            when ${installation} = any(installations) then installations
            else installations || ${installation}::text
          end,
          version = version + 1, changed_at = ${now}
      returning true as on, cardinality(installations) as installations
    `),
  )
}

function switched([row]: readonly NoticesSet[]): NoticesSet {
  if (!row) throw new Error('The switch of notices is not there.')
  return row
}

/** Where notices are on already, turning them on tells nobody more than before. */
async function anybodyCouldBeTold(tx: Tx, installation: string): Promise<boolean> {
  const [row] = await tx.rows<{ could: boolean }>(sql`
    select not ${installation} = any(installations)
      and exists (select from patron where email <> '' and deleted_at is null) as could
    from notice_switch
  `)
  return row?.could ?? true
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
