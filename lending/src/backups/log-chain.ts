import { BackupError } from './backup-error.ts'
import type { BaseCopy } from './manifest.ts'
import { timelineOf, type Way } from './timelines.ts'
import { isSegment, type KeptSegment } from './wal-archive.ts'

/** A file of the log that follows a base. Of one in which its timeline was left, only what stands before that counts. */
export type Link = { readonly segment: KeptSegment; readonly before: bigint | null }

/** Why the log does not go on from here. */
export type Broken = { readonly name: string; readonly why: 'missing' | 'twice' | 'damaged' }

/** The files of the log that follow a base without a gap. */
export type Chain = {
  readonly links: readonly Link[]
  /** What comes after them; null where the log just ends. */
  readonly broken: Broken | null
}

/** Follows the log from a base along a way through the timelines. */
export function chainFrom(
  kept: readonly KeptSegment[],
  { startSegment, segmentBytes }: Pick<BaseCopy, 'startSegment' | 'segmentBytes'>,
  way: Way,
): Chain {
  const numbers = numbersOf(segmentBytes)
  const byName = Map.groupBy(
    kept.filter(({ name }) => isSegment(name)),
    ({ name }) => name,
  )
  const links: Link[] = []
  for (let at = numbers.of(startSegment); ; at++) {
    const name = numbers.name(timelineAt(way, at, segmentBytes), at)
    const [segment, twin] = byName.get(name) ?? []
    if (segment) {
      if (twin) return { links, broken: { name, why: 'twice' } }
      links.push({ segment, before: null })
      continue
    }
    // In the file in which a timeline was left, its own still leads up to that place.
    const left = way.findLast(({ leftAt }) => leftAt !== null && leftAt / BigInt(segmentBytes) === BigInt(at))
    const [older] = left ? (byName.get(numbers.name(left.timeline, at)) ?? []) : []
    if (older && left) links.push({ segment: older, before: left.leftAt })
    const goesOn = [...byName.keys()].some(
      (each) => numbers.of(each) > at && timelineOf(each) === timelineAt(way, numbers.of(each), segmentBytes),
    )
    return { links, broken: goesOn || links.length === 0 ? { name, why: 'missing' } : null }
  }
}

/** The timeline whose file holds the log of this number: the latest that had begun by then, as PostgreSQL looks for it. */
function timelineAt(way: Way, at: number, segmentBytes: number): number {
  const found = way.find(({ leftAt }) => leftAt === null || leftAt / BigInt(segmentBytes) > BigInt(at))
  return found?.timeline ?? 0
}

/** Files of the log are numbered one by one; their names show the number in two halves. */
function numbersOf(segmentBytes: number) {
  const perLog = 0x1_0000_0000 / segmentBytes
  const hex = (value: number) => Math.floor(value).toString(16).toUpperCase().padStart(8, '0')
  return {
    of: (name: string) =>
      Number.parseInt(name.slice(8, 16), 16) * perLog + Number.parseInt(name.slice(16), 16),
    name: (timeline: number, at: number) => hex(timeline) + hex(at / perLog) + hex(at % perLog),
  }
}

/** Why no second behind this can be reached, as a sentence without what to do. */
export function brokenBecause(archive: string, broken: Broken | null): string {
  if (broken === null) return `The log in ${archive} ends before it.`
  return {
    missing: `The file ${broken.name} of the log is missing from the archive ${archive}.`,
    twice: `Two files in ${archive} are called ${broken.name} and differ: two libraries keep their log there, one a copy of the other.`,
    damaged: `The file ${broken.name} of the log in ${archive} is damaged.`,
  }[broken.why]
}

/** The fault of a log that does not lead to where it was to. */
export function cannotFollow(archive: string, broken: Broken | null): BackupError {
  const next =
    broken?.why === 'twice'
      ? 'Set BIBBY_BACKUP_FOLDER of the copy elsewhere, and run bibby backup run.'
      : 'Restore a second that bibby backup list tells, or a backup without --to, and run bibby backup run now.'
  return new BackupError('BIBBY_BACKUP_DAMAGED', `${brokenBecause(archive, broken)} ${next}`)
}
