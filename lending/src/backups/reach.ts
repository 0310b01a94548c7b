import { type Broken, chainFrom, type Link } from './log-chain.ts'
import { type Ending, endingsIn } from './log-endings.ts'
import type { BaseCopy } from './manifest.ts'
import type { Backup } from './place.ts'
import { isOnWay, lsnOf, timelineOf, type Way, wayTo } from './timelines.ts'
import {
  archiveFolder,
  historyTimeline,
  isSegment,
  type KeptSegment,
  keptSegments,
  readKept,
} from './wal-archive.ts'

/** Seconds from one to another, in milliseconds since 1970: the first belongs to them, the last does not. */
export type Span = { readonly fromMs: number; readonly untilMs: number }

/** Seconds that can be restored from one backup, none where the last is before the first, and what comes behind them. */
export type Stretch = Span & {
  readonly backup: string
  readonly takenAt: string
  readonly archive: string
  /** On which the log is played. */
  readonly timeline: number
  /** The files of the log that are played, in order. */
  readonly links: readonly Link[]
  /** Why it goes no further; null where the log just ends. */
  readonly broken: Broken | null
}

/**
 * The seconds that can be restored from each of these backups. Files of the log in the middle of a stretch are not read for
 * it, only counted: `firstDamaged` reads them, and what is known as `damaged` is left out then.
 */
export async function stretchesOf(
  backups: string,
  all: readonly Backup[],
  damaged: ReadonlySet<string> = new Set(),
): Promise<readonly Stretch[]> {
  const reaching = all.flatMap((backup) => {
    const { state, proof, manifest } = backup
    const base = state === 'proven' && proof?.isBaseProven === true ? manifest?.base : null
    return base && manifest ? [{ ...backup, base, lsn: lsnOf(manifest.lsn) }] : []
  })
  const clusters = Map.groupBy(reaching, ({ base }) => base.systemId)
  const found: Stretch[] = []
  for (const [systemId, group] of clusters) {
    found.push(...(await stretchesIn(archiveFolder(backups, systemId), group, damaged)))
  }
  return found
}

type Reaching = Pick<Backup, 'name' | 'takenAt'> & { readonly base: BaseCopy; readonly lsn: bigint }

/** The first file that is not as it was, of those that are played to reach a second of this stretch; undefined where all are. */
export async function firstDamaged(
  { archive, links }: Stretch,
  untilMs: number,
): Promise<KeptSegment | undefined> {
  for (const { segment, before } of links) {
    const log = await readKept(archive, segment)
    if (!log) return segment
    if (endingsIn(log).some(({ lsn, atMs }) => (before === null || lsn < before) && atMs > untilMs))
      return undefined
  }
  return undefined
}

async function stretchesIn(
  archive: string,
  group: readonly Reaching[],
  damaged: ReadonlySet<string>,
): Promise<readonly Stretch[]> {
  const there = await keptSegments(archive)
  const kept = there.filter(({ file }) => !damaged.has(file))
  const told = (broken: Broken | null): Broken | null =>
    broken && there.some(({ name, file }) => name === broken.name && damaged.has(file))
      ? { ...broken, why: 'damaged' }
      : broken
  const read = reading(archive)
  const found: Stretch[] = []
  for (const line of await linesOf(archive, kept, read)) {
    for (const { name, takenAt, base, lsn } of group) {
      if (!isOnWay(line.way, { timeline: timelineOf(base.startSegment), lsn })) continue
      const chain = chainFrom(kept, base, line.way)
      const end = await endOf(chain.links, read)
      const fromMs = Math.max(Date.parse(takenAt), line.fromMs)
      const untilMs = Math.min(end.untilMs, line.untilMs)
      const { timeline } = line
      found.push({
        backup: name,
        takenAt,
        archive,
        timeline,
        links: chain.links,
        fromMs,
        untilMs,
        broken: end.broken ?? told(chain.broken),
      })
    }
  }
  return found
}

/** Where transactions ended in a file; undefined where it is damaged. */
type Read = (segment: KeptSegment) => Promise<readonly Ending[] | undefined>

/** Each file is read once. */
function reading(archive: string): Read {
  const read = new Map<string, ReturnType<Read>>()
  return (segment) => {
    const known = read.get(segment.file)
    if (known) return known
    const endings = readKept(archive, segment).then((log) => log && endingsIn(log))
    read.set(segment.file, endings)
    return endings
  }
}

/** A timeline, the way to it, and the time in which it was the one in force. */
type Line = Span & { readonly timeline: number; readonly way: Way }

async function linesOf(archive: string, kept: readonly KeptSegment[], read: Read): Promise<readonly Line[]> {
  const begun: Omit<Line, 'untilMs'>[] = []
  const histories = kept.flatMap(({ name }) => historyTimeline(name) ?? [])
  for (const timeline of [1, ...new Set(histories)]) {
    const way = await wayTo(archive, kept, timeline)
    const fromMs =
      way &&
      (await beginOf(
        way,
        kept.filter((each) => isSegment(each.name)),
        read,
      ))
    if (way && fromMs !== undefined) begun.push({ timeline, way, fromMs })
  }
  const inOrder = begun.toSorted((a, b) => a.fromMs - b.fromMs)
  return inOrder.map((line, at) => ({
    ...line,
    untilMs: inOrder[at + 1]?.fromMs ?? Number.POSITIVE_INFINITY,
  }))
}

/** When the first transaction of a timeline's own ended; undefined where the archive has none of it. */
async function beginOf(way: Way, segments: readonly KeptSegment[], read: Read): Promise<number | undefined> {
  const [left, { timeline } = { timeline: 1 }] = way.slice(-2)
  const begunAt = way.length > 1 ? left?.leftAt : undefined
  if (begunAt === undefined || begunAt === null) return Number.NEGATIVE_INFINITY
  for (const segment of segments.filter(({ name }) => timelineOf(name) === timeline)) {
    const own = (await read(segment))?.find(({ lsn }) => lsn >= begunAt)
    if (own) return own.atMs
  }
  return undefined
}

/**
 * Before which time a recovery along these files finds where to stop: it needs a transaction that ended after the second.
 * A damaged file at the end is found here; one further ahead by the restore, which reads all beside the living library.
 */
async function endOf(
  links: readonly Link[],
  read: Read,
): Promise<{ readonly untilMs: number; readonly broken: Broken | null }> {
  let broken: Broken | null = null
  for (const { segment, before } of links.toReversed()) {
    const endings = await read(segment)
    if (!endings) broken = { name: segment.name, why: 'damaged' }
    const times = (endings ?? []).filter(({ lsn }) => before === null || lsn < before).map(({ atMs }) => atMs)
    if (times.length > 0) return { untilMs: times.reduce((a, b) => Math.max(a, b)), broken }
  }
  return { untilMs: Number.NEGATIVE_INFINITY, broken }
}

/** Seconds that can be restored, in one piece, whatever they are restored from. */
export type Reach = Span & { readonly isGivenUp: boolean }

/** The stretches as one tells them: those that touch are one, and what was given up is told apart. */
export function reachOf(stretches: readonly Span[], givenUp: readonly Span[]): readonly Reach[] {
  const present = complement(givenUp)
  const pieces = (spans: readonly Span[], isGivenUp: boolean): Reach[] =>
    merged(stretches.flatMap((each) => spans.flatMap((span) => common(each, span)))).map((each) => ({
      ...each,
      isGivenUp,
    }))
  return [...pieces(present, false), ...pieces(givenUp, true)].toSorted((a, b) => a.fromMs - b.fromMs)
}

function common(a: Span, b: Span): readonly Span[] {
  const span = { fromMs: Math.max(a.fromMs, b.fromMs), untilMs: Math.min(a.untilMs, b.untilMs) }
  return span.fromMs < span.untilMs ? [span] : []
}

function complement(spans: readonly Span[]): readonly Span[] {
  const ends = spans.toSorted((a, b) => a.fromMs - b.fromMs)
  const begins = [Number.NEGATIVE_INFINITY, ...ends.map(({ untilMs }) => untilMs)]
  return begins.map((fromMs, at) => ({ fromMs, untilMs: ends[at]?.fromMs ?? Number.POSITIVE_INFINITY }))
}

function merged(spans: readonly Span[]): readonly Span[] {
  const whole: Span[] = []
  for (const span of spans.toSorted((a, b) => a.fromMs - b.fromMs)) {
    const last = whole.at(-1)
    if (!last || span.fromMs > last.untilMs) whole.push(span)
    else whole[whole.length - 1] = { ...last, untilMs: Math.max(last.untilMs, span.untilMs) }
  }
  return whole
}

/** Stretches in words; the last second of each is the last that can be named. */
export function toldReach(reach: readonly Reach[]): string {
  const first = reach.length > toldMax ? [`${reach.length - toldMax} earlier ones`] : []
  const told = reach
    .slice(-toldMax)
    .map(
      ({ fromMs, untilMs, isGivenUp }) =>
        `${isoOf(fromMs)} to ${isoOf(untilMs - 1)}${isGivenUp ? ' (given up)' : ''}`,
    )
  return [...first, ...told].join(', ')
}

const toldMax = 10

/** A time as it is told and typed. */
export const isoOf = (ms: number): string => new Date(ms).toISOString()
