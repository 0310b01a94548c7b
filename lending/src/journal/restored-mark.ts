/**
 * A line among the heads: the library was put back to an earlier state on purpose, and the links after `position` were
 * given up. Without it, the heads that were taken of them would say for ever that the chain was cut off.
 */
export type RestoredMark = {
  /** The id of the restore. */
  readonly restored: string
  /** The moment that the library was put back to, as ISO 8601. */
  readonly to: string
  readonly at: string
  /** The last link that came back; 0 where the chain had none. */
  readonly position: number
}

/** A mark from a line of the file, if it is one. */
export function parsedMark(line: string): RestoredMark | undefined {
  try {
    const { restored, to, at, position } = JSON.parse(line) as Partial<RestoredMark>
    const isMark =
      /^[0-9a-f]{8}$/.test(restored ?? '') &&
      isTime(to) &&
      isTime(at) &&
      Number.isSafeInteger(position) &&
      Number(position) >= 0
    return isMark ? ({ restored, to, at, position } as RestoredMark) : undefined
  } catch {
    return undefined
  }
}

const isTime = (text: unknown) => typeof text === 'string' && /^[0-9T:.Z-]{20,30}$/.test(text)
