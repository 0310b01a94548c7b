import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type pg from 'pg'
import { BackupError } from './backup-error.ts'
import { backupsToChoose, type Chosen, chooseBackup } from './choose-backup.ts'
import { writeWhole } from './files.ts'
import { brokenBecause } from './log-chain.ts'
import { type Losses, lossesSince, type Standing, standingOf } from './losses.ts'
import { readManifest } from './manifest.ts'
import type { Backup } from './place.ts'
import { givenUpAt } from './put-back.ts'
import { firstDamaged, isoOf, reachOf, type Span, type Stretch, stretchesOf, toldReach } from './reach.ts'
import { shellWord } from './shell-word.ts'
import type { Place } from './take-backup.ts'

/** What a restore would do, and what it would give up. It is bound to what it was made of by its phrase. */
export type RestorePlan = {
  readonly id: string
  readonly madeAt: string
  readonly libraryName: string
  readonly backup: string
  readonly manifestSha256: string
  /** The moment that the library goes back to, as ISO 8601. */
  readonly to: string
  /** The timeline of the log that is played up to that second; null where it is the moment of the backup itself. */
  readonly timeline: number | null
  /** Whether that moment is of a history that was given up, by an earlier restore. */
  readonly isGivenUp: boolean
  /** Undefined where the live database cannot be read. */
  readonly losses: Losses | null
  /** How the live library stood. */
  readonly state: string
  readonly phrase: string
}

/** The live library, or why it cannot be read. */
export type Live = { readonly session: pg.Client } | { readonly unreadable: string }

/** Plans to go back to a backup, or to a second that the log leads to. Changes nothing but that the plan is kept. */
export async function planRestore(
  live: Live,
  {
    place,
    name,
    to,
    now,
  }: {
    readonly place: Place
    readonly name: string | undefined
    readonly to: Date | undefined
    readonly now: Date
  },
): Promise<RestorePlan> {
  const { backup, timeline, isGivenUp } =
    to === undefined
      ? { ...(await chooseBackup(place, name)), timeline: null }
      : await backupBefore(place, { name, to, now })
  if (backup.state !== 'proven') {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `The backup ${backup.name} is ${backup.state}: ${backup.because ?? ''} Take a proven one, by bibby backup list, or prove it: bibby backup verify ${backup.name}.`,
    )
  }
  const { manifest, sha256 } = await readManifest(backup.folder)
  const moment = to?.toISOString() ?? manifest.takenAt
  const { standing, losses } = await lookAt(live, moment, manifest.libraryName)
  const bare = {
    id: randomBytes(4).toString('hex'),
    madeAt: now.toISOString(),
    libraryName: standing.libraryName,
    backup: backup.name,
    manifestSha256: sha256,
    to: moment,
    timeline,
    isGivenUp,
    losses,
    state: standing.state,
  }
  const plan = { ...bare, phrase: phraseOf(bare) }
  await writeWhole(planFile(place.dataFolder, plan.id), `${JSON.stringify(plan, null, 2)}\n`)
  return plan
}

/** What a person types: only who has read the plan knows it, and of another plan it is another. */
export function phraseOf(plan: Omit<RestorePlan, 'phrase'>): string {
  const digest = createHash('sha256').update(JSON.stringify(plan)).digest('hex').slice(0, 6)
  const name = (plan.libraryName || 'THE LIBRARY').toUpperCase()
  const losing = plan.losses === null ? 'WHAT CANNOT BE READ' : `${plan.losses.entries} ENTRIES`
  return `RESTORE ${name} TO ${plan.to}${plan.isGivenUp ? ' OF THE HISTORY GIVEN UP' : ''} LOSING ${losing} #${digest}`
}

/** How the live library stands and what it would lose; a library that cannot be read is told as that. */
async function lookAt(
  live: Live,
  moment: string,
  nameInBackup: string,
): Promise<{ readonly standing: Standing; readonly losses: Losses | null }> {
  if ('unreadable' in live) {
    return { standing: { libraryName: nameInBackup, state: 'unreadable' }, losses: null }
  }
  return { standing: await standingOf(live.session), losses: await lossesSince(live.session, moment) }
}

/** How the live library stands now. */
export async function stateNow(live: Live): Promise<string> {
  return 'unreadable' in live ? 'unreadable' : (await standingOf(live.session)).state
}

/** The newest backup from which this second can be reached, and the timeline on which it is. */
async function backupBefore(
  place: Place,
  { name, to, now }: { name: string | undefined; to: Date; now: Date },
): Promise<Chosen & { readonly timeline: number }> {
  if (to > now) throw refused(`${to.toISOString()} has not come yet. Name a second that is past.`)
  const { all, givenUp } = await backupsToChoose(place, name)
  const { found, stretches } = await wholeStretch(place.backups, all, to)
  const backup = all.find((each) => each.name === found?.backup)
  if (!found || !backup) throw refused(whyNot(to, { stretches, givenUp, backups: place.backups, name }))
  const span = givenUpAt(givenUp, to.getTime())
  if (span && name === undefined) {
    throw refused(
      `${to.toISOString()} is of a history that was given up: the library was put back to ${isoOf(span.fromMs)} at ${isoOf(span.untilMs)}. Name a second that is not between these, or, to go to what was given up, the backup as well: bibby restore plan ${backup.name} --to ${to.toISOString()}`,
    )
  }
  return { backup, timeline: found.timeline, isGivenUp: span !== undefined }
}

/** The stretch of the newest backup that holds a second, with every file of the log read that leads there; and all of them. */
async function wholeStretch(
  backups: string,
  all: readonly Backup[],
  to: Date,
): Promise<{ readonly found: Stretch | undefined; readonly stretches: readonly Stretch[] }> {
  const damaged = new Set<string>()
  for (;;) {
    const stretches = await stretchesOf(backups, all, damaged)
    const [found] = stretches
      .filter(({ fromMs, untilMs }) => fromMs <= to.getTime() && to.getTime() < untilMs)
      .toSorted((a, b) => (a.takenAt < b.takenAt ? 1 : -1))
    const bad = found && (await firstDamaged(found, to.getTime()))
    if (!bad) return { found, stretches }
    damaged.add(bad.file)
  }
}

const refused = (why: string) => new BackupError('BIBBY_RESTORE_REFUSED', why)

/** Why a second cannot be reached, which can, and what to do. */
function whyNot(
  to: Date,
  {
    stretches,
    givenUp,
    backups,
    name,
  }: { stretches: readonly Stretch[]; givenUp: readonly Span[]; backups: string; name: string | undefined },
): string {
  const from = name === undefined ? '' : ` from the backup ${name.slice(0, 100)}`
  const reach = reachOf(stretches, givenUp)
  const [first] = reach
  const nearest = stretches
    .filter(({ untilMs }) => untilMs <= to.getTime())
    .toSorted((a, b) => b.untilMs - a.untilMs)
    .at(0)
  const because = nearest ? ` ${brokenBecause(nearest.archive, nearest.broken)}` : ''
  if (!first) {
    return name === undefined
      ? `No backup in ${backups} can be played on to a second.${because} Leave --to out and restore a backup as it is.`
      : `No second can be reached${from}.${because} Leave --to out and restore it as it is, or name another, by bibby backup list.`
  }
  const isEarly = to.getTime() < first.fromMs
  return [
    isEarly
      ? `No second before ${isoOf(first.fromMs)} can be reached${from}.`
      : `${to.toISOString()} cannot be reached${from}.${because}`,
    `Can be reached: ${toldReach(reach)}.`,
    'Name one of these, or leave --to out and name a backup, by bibby backup list.',
  ].join(' ')
}

const planFile = (dataFolder: string, id: string) => join(dataFolder, `restore-plan-${id}.json`)

/** Reads a plan that was made here. Throws BackupError where there is none. */
export async function readPlan(dataFolder: string, id: string): Promise<RestorePlan> {
  const text = /^[0-9a-f]{8}$/.test(id)
    ? await readFile(planFile(dataFolder, id), 'utf8').catch(() => '')
    : ''
  if (text !== '') return JSON.parse(text) as RestorePlan
  throw new BackupError(
    'BIBBY_RESTORE_REFUSED',
    `There is no plan ${id.slice(0, 50)}. Make one by bibby restore plan.`,
  )
}

/** Throws BackupError unless the phrase is that of the plan, and the plan still of the library and of the backup. */
export async function refuseOther(
  plan: RestorePlan,
  { phrase, state, backups }: { readonly phrase: string; readonly state: string; readonly backups: string },
): Promise<void> {
  const refuse = (why: string) =>
    new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `${why} Nothing was changed. Make a plan again, by bibby restore plan.`,
    )
  const { phrase: wanted, ...bare } = plan
  if (phraseOf(bare) !== wanted) throw refuse(`The plan ${plan.id} is not as it was made.`)
  if (phrase.trim() !== wanted) {
    throw new BackupError(
      'BIBBY_RESTORE_REFUSED',
      `That is not the phrase of this plan. Nothing was changed. Read the plan, and type: --phrase ${shellWord(wanted)}`,
    )
  }
  if (state !== plan.state) throw refuse('The library was written to since the plan was made.')
  const { sha256 } = await readManifest(join(backups, plan.backup))
  if (sha256 !== plan.manifestSha256)
    throw refuse(`The backup ${plan.backup} is another than the plan was made of.`)
}
