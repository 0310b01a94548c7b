/** Where a transaction ended in the log, done or undone, and when. Only there can a recovery to a second stop. */
export type Ending = {
  /** The place in the log. */
  readonly lsn: bigint
  /** By the database's clock, in milliseconds since 1970, rounded down. */
  readonly atMs: number
}

// The layout of PostgreSQL's log, the same since 9.5: access/xlog_internal.h, access/xlogrecord.h and access/xact.h.
const pageHeadBytes = 24
const firstPageHeadBytes = 40
const recordHeadBytes = 24
/** More than the heads before the time in the record of a transaction that ended. */
const readBytes = 64
const isContinued = 1
const transactionRecord = 1
const commitOrAbort = [0x00, 0x20]
const kindMask = 0x70
/** PostgreSQL counts from the year 2000. */
const countedFromMs = Date.UTC(2000, 0, 1)

/**
 * Where transactions ended in one file of the log. What cannot be followed to its end, such as a record that goes on in the
 * next file, is left out: never is one told that is not there.
 */
export function endingsIn(log: Buffer): readonly Ending[] {
  const pageBytes = log.length < firstPageHeadBytes ? 0 : log.readUInt32LE(36)
  if (pageBytes < 1_024 || log.length % pageBytes !== 0) return []
  const reader = readerOf(log, pageBytes)
  const endings: Ending[] = []
  if (!reader.begin()) return endings
  for (let record = reader.next(); record; record = reader.next()) {
    const atMs = endedAt(record.bytes)
    if (atMs !== undefined) endings.push({ lsn: record.lsn, atMs })
  }
  return endings
}

/** Reads record after record, over the heads of the pages between. */
function readerOf(log: Buffer, pageBytes: number) {
  const start = log.readBigUInt64LE(8)
  let at = firstPageHeadBytes
  const enter = (goesOn: boolean) => {
    if (at + pageHeadBytes > log.length || log.readBigUInt64LE(at + 8) !== start + BigInt(at)) return false
    if (goesOn && (log.readUInt16LE(at + 2) & isContinued) === 0) return false
    at += pageHeadBytes
    return true
  }
  const take = (count: number): Buffer | undefined => {
    const pieces: Buffer[] = []
    for (let left = count; left > 0; ) {
      if (at % pageBytes === 0 && !enter(true)) return undefined
      const here = Math.min(left, pageBytes - (at % pageBytes))
      if (count - left < readBytes) pieces.push(log.subarray(at, at + Math.min(here, readBytes)))
      at += here
      left -= here
    }
    return Buffer.concat(pieces)
  }
  const align = () => {
    at = Math.ceil(at / 8) * 8
  }
  return {
    /** Steps over what is left of a record of the file before. */
    begin: () => (log.readUInt16LE(2) & isContinued) === 0 || take(log.readUInt32LE(16)) !== undefined,
    next: (): { readonly lsn: bigint; readonly bytes: Buffer } | undefined => {
      align()
      if (at % pageBytes === 0 && !enter(false)) return undefined
      const length = log.readUInt32LE(at)
      if (length < recordHeadBytes) return undefined
      const lsn = start + BigInt(at)
      const bytes = take(length)
      return bytes && { lsn, bytes }
    },
  }
}

function endedAt(record: Buffer): number | undefined {
  if (record[17] !== transactionRecord || !commitOrAbort.includes((record[16] ?? 0) & kindMask))
    return undefined
  let at = recordHeadBytes
  // Where it came from, and the transaction above it, are told before what it holds.
  if (record[at] === 253) at += 3
  if (record[at] === 252) at += 5
  const data = record[at] === 255 ? at + 2 : record[at] === 254 ? at + 5 : record.length
  if (data + 8 > record.length) return undefined
  return countedFromMs + Number(record.readBigInt64LE(data) / 1_000n)
}
