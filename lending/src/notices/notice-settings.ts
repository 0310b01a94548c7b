import { type Flaw, type Flaws, notWhole } from '../language/flaw.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'

/** When patrons are told, and how much at most. */
export type NoticeSettings = {
  /** So many days before a loan is due; 0: nobody is told. */
  readonly dueSoonDays: number
  /** So many days after it was due, each a step. */
  readonly overdueDays: readonly number[]
  /** So many days before a card ends; 0: nobody is told. */
  readonly cardExpiringDays: number
  /** The most notices that one round of sweeps causes. */
  readonly runMax: number
  /** The most letters for one patron in a day. */
  readonly patronDayMax: number
  readonly lettersPerSecondMax: number
  /** BCP 47, for days and amounts. */
  readonly language: string
  readonly version: number
}

/** The least and the most of each number. */
export const noticeBounds = {
  dueSoonDays: { min: 0, max: 60, label: 'days-before-the-due-date' },
  cardExpiringDays: { min: 0, max: 180, label: 'days-before-a-card-ends' },
  runMax: { min: 1, max: 100_000, label: 'the-most-notices-of-a-run' },
  patronDayMax: { min: 1, max: 100, label: 'the-most-letters-of-a-patron-and-day' },
  lettersPerSecondMax: { min: 1, max: 1_000, label: 'the-most-letters-a-second' },
} as const

const stepsMax = 10
const stepDayMax = 730

/** The settings of notices. */
export async function noticeSettings(db: { readonly rows: Rows }): Promise<NoticeSettings> {
  const [row] = await db.rows<NoticeSettings>(sql`select ${columns} from notice_setting`)
  if (!row) throw new Error('The settings of notices are not there.')
  return row
}

/** What to change; what is left out stays. */
export type EditNoticesAsk = Partial<Omit<NoticeSettings, 'version'>> & { readonly version: number }

/** Why nothing was changed. */
export type EditNoticesRefused =
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'version-stale'; readonly version: number }

/** Changes when patrons are told, and how much at most. */
export const editNotices: Verb<EditNoticesAsk, NoticeSettings, EditNoticesRefused> = {
  action: 'edit-notices',
  about: () => ({}),
  work: async (tx, ask) => {
    const problems = problemsOf(ask)
    if (Object.keys(problems).length > 0) return { refused: 'fields-invalid', problems }
    const now = await tx.rows<{ version: number }>(sql`select version from notice_setting for no key update`)
    const version = now[0]?.version ?? 0
    if (version !== ask.version) return { refused: 'version-stale', version }
    const [row] = await tx.rows<NoticeSettings>(sql`
      update notice_setting
      set due_soon_days = coalesce(${ask.dueSoonDays ?? null}, due_soon_days),
          overdue_days = coalesce(${ask.overdueDays?.toSorted((a, b) => a - b) ?? null}::integer[], overdue_days),
          card_expiring_days = coalesce(${ask.cardExpiringDays ?? null}, card_expiring_days),
          run_max = coalesce(${ask.runMax ?? null}, run_max),
          patron_day_max = coalesce(${ask.patronDayMax ?? null}, patron_day_max),
          letters_per_second_max = coalesce(${ask.lettersPerSecondMax ?? null}, letters_per_second_max),
          language = coalesce(${ask.language ?? null}, language),
          version = version + 1
      returning ${columns}
    `)
    if (!row) throw new Error('The settings of notices went away under their lock.')
    return row
  },
}

const columns = sql`
  due_soon_days as "dueSoonDays", overdue_days as "overdueDays", card_expiring_days as "cardExpiringDays",
  run_max as "runMax", patron_day_max as "patronDayMax", letters_per_second_max as "lettersPerSecondMax",
  language, version
`

function problemsOf(ask: EditNoticesAsk): Flaws {
  const problems: Record<string, Flaw> = {}
  for (const name of Object.keys(noticeBounds) as (keyof typeof noticeBounds)[]) {
    const value = ask[name]
    const bounds = noticeBounds[name]
    if (value !== undefined && !(Number.isInteger(value) && value >= bounds.min && value <= bounds.max)) {
      problems[name] = notWhole(bounds)
    }
  }
  const steps = ask.overdueDays
  if (steps && (steps.length > stepsMax || new Set(steps).size < steps.length || !steps.every(isStep))) {
    problems.overdueDays = { flaw: 'overdue-days', values: { count: stepsMax, max: stepDayMax } }
  }
  if (ask.language !== undefined && !isLanguage(ask.language)) {
    problems.language = { flaw: 'language-unknown' }
  }
  return problems
}

const isStep = (day: number) => Number.isInteger(day) && day >= 1 && day <= stepDayMax

function isLanguage(tag: string): boolean {
  try {
    return Intl.DateTimeFormat.supportedLocalesOf(tag).length > 0
  } catch {
    return false
  }
}
