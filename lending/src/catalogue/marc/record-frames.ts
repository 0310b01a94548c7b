/** The bytes between two record terminators, and where they began. */
export type Frame = {
  /** Bytes from the start of the input. */
  readonly position: number
  /** The terminator included, when there was one. */
  readonly raw: Buffer
  /** `cut` had no terminator: the input ended. `endless` had none for `frameBytesMax`. */
  readonly end: 'terminator' | 'cut' | 'endless'
}

/** More bytes without a terminator are no record. Real records end near 1 MB; memory is bounded by this. */
export const frameBytesMax = 16 * 1024 * 1024

/** A leader and its directory are never longer: the base address has five digits. */
const leaderAndDirectoryMax = 99_999
const recordTerminator = 0x1d
const fieldTerminator = 0x1e
const leaderLength = 24

/**
 * Cuts a stream of bytes after each record terminator (1D), whatever the lengths in the leaders say: no character
 * of any encoding that is read contains that byte, so a lying length harms only its own record. Padding between
 * records (line ends, blanks, NUL, Ctrl-Z, a byte order mark) belongs to none.
 */
export async function* framesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Frame> {
  let parts: Buffer[] = []
  let size = 0
  let position = 0
  for await (const chunk of bytes) {
    const buffer = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    let from = 0
    while (from < buffer.length) {
      const at = buffer.indexOf(recordTerminator, from)
      const part = buffer.subarray(from, at < 0 ? buffer.length : at + 1)
      parts.push(part)
      size += part.length
      from += part.length
      if (at < 0 && size <= frameBytesMax) continue
      const held = parts.length === 1 ? part : Buffer.concat(parts, size)
      // What may still be the head of a good record stays.
      const cutAt = at < 0 ? held.length - leaderAndDirectoryMax : held.length
      yield* withoutPadding({
        position,
        raw: held.subarray(0, cutAt),
        end: at < 0 ? 'endless' : 'terminator',
      })
      position += cutAt
      parts = cutAt < held.length ? [Buffer.from(held.subarray(cutAt))] : []
      size = held.length - cutAt
    }
  }
  yield* withoutPadding({ position, raw: Buffer.concat(parts, size), end: 'cut' })
}

/**
 * Splits a frame that does not read as one record at each place where another plainly begins: a leader whose base
 * address points behind a field terminator. So a record that lost its end, or rubbish, takes no neighbour along.
 */
export function splitAtLeaders(frame: Frame): readonly Frame[] {
  const { raw, position, end } = frame
  const starts = [0]
  for (let at = raw.indexOf('22', 11); at >= 0; at = raw.indexOf('22', at + 1)) {
    const start = at - 10
    if (start > (starts.at(-1) ?? 0) && isLeader(raw, start)) starts.push(start)
  }
  return starts.flatMap((start, index) => {
    const next = starts[index + 1]
    const part = raw.subarray(start, next)
    const partEnd = next === undefined ? end : 'cut'
    return [...withoutPadding({ position: position + start, raw: part, end: partEnd })]
  })
}

/** Says whether a leader stands here, by the fixed parts and by a base address that is true. */
export function isLeader(raw: Buffer, at: number): boolean {
  const leader = raw.toString('latin1', at, at + leaderLength)
  if (!/^[\d ]{5}.{5}22\d{5}.{3}45..$/s.test(leader)) return false
  const base = Number(leader.slice(12, 17))
  return base > leaderLength && raw[at + base - 1] === fieldTerminator
}

const lineEnds = new Set([0x00, 0x09, 0x0a, 0x0d, 0x1a])
const blank = 0x20
const byteOrderMark = [0xef, 0xbb, 0xbf]

/** A blank may be the first figure of a length, so it is padding only where there is nothing else. */
function* withoutPadding({ position, raw, end }: Frame): Generator<Frame> {
  let from = byteOrderMark.every((byte, at) => raw[at] === byte) ? byteOrderMark.length : 0
  while (from < raw.length && lineEnds.has(raw[from] ?? 0)) from += 1
  let rest = from
  while (rest < raw.length && (raw[rest] === blank || lineEnds.has(raw[rest] ?? 0))) rest += 1
  if (rest < raw.length) yield { position: position + from, raw: raw.subarray(from), end }
}
