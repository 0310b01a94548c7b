import { historyTimeline, type KeptSegment, readKept } from './wal-archive.ts'

/**
 * The way through the log to a timeline: each restore to a second left a timeline at a place, and went on in a new one. The
 * last has no such place.
 */
export type Way = readonly { readonly timeline: number; readonly leftAt: bigint | null }[]

/** The way within one timeline that nothing was left for. */
export const wayWithin = (timeline: number): Way => [{ timeline, leftAt: null }]

/** The way to a timeline by the history that PostgreSQL wrote when it was begun; undefined where the archive has none. */
export async function wayTo(
  archive: string,
  kept: readonly KeptSegment[],
  timeline: number,
): Promise<Way | undefined> {
  if (timeline === 1) return wayWithin(1)
  const history = kept.find(({ name }) => historyTimeline(name) === timeline)
  const text = history && (await readKept(archive, history))?.toString('utf8')
  return text === undefined ? undefined : wayOf(text, timeline)
}

/** The way that a history tells: a line for each timeline that was left, and where. */
export function wayOf(history: string, timeline: number): Way {
  const left = history.split('\n').flatMap((line) => {
    const [, number, high, low] = /^\s*(\d{1,10})\s+([0-9A-F]{1,8})\/([0-9A-F]{1,8})\b/i.exec(line) ?? []
    return number === undefined
      ? []
      : [{ timeline: Number(number), leftAt: BigInt(`0x${high}`) * 0x1_0000_0000n + BigInt(`0x${low}`) }]
  })
  return [...left, { timeline, leftAt: null }]
}

/** Whether a backup was taken on this way: before its timeline was left. */
export function isOnWay(
  way: Way,
  { timeline, lsn }: { readonly timeline: number; readonly lsn: bigint },
): boolean {
  return way.some((each) => each.timeline === timeline && (each.leftAt === null || lsn <= each.leftAt))
}

/** The number in a place of the log as PostgreSQL writes it. */
export function lsnOf(text: string): bigint {
  const [high = '0', low = '0'] = text.split('/')
  return BigInt(`0x${high}`) * 0x1_0000_0000n + BigInt(`0x${low}`)
}

/** The timeline that a file of the log belongs to. */
export const timelineOf = (segment: string): number => Number.parseInt(segment.slice(0, 8), 16)
