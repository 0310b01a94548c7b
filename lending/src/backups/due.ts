/** What is known when one asks whether a backup is due. */
export type Looked = {
  readonly now: Date
  /** Of the day, by the machine's clock. */
  readonly hour: number
  /** When the newest backup that counts was taken; undefined where there is none. */
  readonly newestProvenAt: Date | undefined
  /** When a run last began, whatever became of it. */
  readonly lastRunAt: Date | undefined
}

/** A run that failed is tried again after this long. */
const againAfterMs = 60 * 60_000

/**
 * Whether a backup is due: none that counts was taken since the hour last came. A machine that was off at the hour makes
 * up for it; a failed run comes again after an hour.
 */
export function isDue({ now, hour, newestProvenAt, lastRunAt }: Looked): boolean {
  if (lastRunAt && now.getTime() - lastRunAt.getTime() < againAfterMs && lastRunAt <= now) return false
  // One of the future is of a clock that was wrong: it keeps no backup back.
  return newestProvenAt === undefined || newestProvenAt > now || newestProvenAt < lastTime(now, hour)
}

function lastTime(now: Date, hour: number): Date {
  const today = new Date(now)
  today.setHours(hour, 0, 0, 0)
  if (today > now) today.setDate(today.getDate() - 1)
  return today
}
