import type pg from 'pg'

/** What the library did since a moment, which going back to it gives up. */
export type Losses = {
  /** Entries of the journal that were done. */
  readonly entries: number
  readonly byAction: readonly { readonly action: string; readonly count: number }[]
  /** The latest of them, in words. */
  readonly samples: readonly string[]
}

/** How the live library stands: when anything was written since, it is another text. */
export type Standing = { readonly libraryName: string; readonly state: string }

const samplesMax = 8

/** Asks the live library what it did after `to`. */
export async function lossesSince(session: pg.Client, to: string): Promise<Losses> {
  const { rows: byAction } = await session.query<{ action: string; count: number }>(
    `
      select action, count(*)::int as count from journal
      where recorded_at > $1::timestamptz and outcome = 'done'
      group by action
      order by count(*) desc, action
    `,
    [to],
  )
  const { rows: samples } = await session.query<{ text: string }>(
    `
      select concat_ws(
          ' ',
          to_char(journal.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
          journal.action,
          copy.barcode,
          '“' || title.title || '”'
        ) as text
      from journal
      left join copy on copy.id = journal.copy_id
      left join title on title.id = coalesce(journal.title_id, copy.title_id)
      where journal.recorded_at > $1::timestamptz and journal.outcome = 'done'
      order by journal.recorded_at desc
      limit ${samplesMax}
    `,
    [to],
  )
  return {
    entries: byAction.reduce((sum, { count }) => sum + count, 0),
    byAction,
    samples: samples.map(({ text }) => text),
  }
}

/** Asks the live library how it stands. */
export async function standingOf(session: pg.Client): Promise<Standing> {
  const { rows } = await session.query<Standing>(`
    select coalesce((select name from library), '') as "libraryName",
      concat_ws(
        ' ',
        (select epoch from fence),
        (select count(*) from journal),
        (select to_char(max(recorded_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') from journal)
      ) as state
  `)
  const [found] = rows
  if (!found) throw new Error('The library did not say how it stands.')
  return found
}
