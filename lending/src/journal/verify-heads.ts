import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { type AuditHead, type HeadLine, isSameHead, knownHead, readHeads } from './audit-heads.ts'
import type { Findings } from './audit-report.ts'
import type { RestoredMark } from './restored-mark.ts'

/** Heads are compared a batch at a time. */
const batchLines = 1_000

/** What the heads outside the database said. */
export type HeadsCompared = {
  readonly compared: number
  readonly lastAt: string | null
  readonly remarks: readonly string[]
}

/**
 * Compares the chain with every head of the data folder: a chain that was cut off, put back to an older state or written
 * anew is not the one that the heads were taken of. The file itself must have the head that was last written to it.
 * Both may grow meanwhile: each statement sees what is committed by then, so a head is read before its link is
 * looked up, and what the database knows of the file before the file.
 */
export async function checkHeads(rows: Rows, dataFolder: string, findings: Findings): Promise<HeadsCompared> {
  const known = await knownHead(rows, dataFolder)
  let compared = 0
  let lastAt: string | null = null
  let isKnownThere = false
  let begunAnew = 0
  let firstAnew = ''
  let givenUp = 0
  const marks = await marksIn(dataFolder)
  let batch: AuditHead[] = []
  const compareBatch = async () => {
    await compare(rows, batch, findings)
    compared += batch.length
    batch = []
  }
  for await (const { line, head, mark } of readHeads(dataFolder) as AsyncIterable<HeadLine>) {
    if (mark) continue
    if (!head) {
      findings.add('head-unreadable', { fact: `line ${line}` })
      continue
    }
    lastAt = head.at
    isKnownThere ||= known !== undefined && isSameHead(head, known)
    if (head.missing) {
      begunAnew += 1
      firstAnew ||= `at ${head.at}, when the head of link ${head.missing.position}, written at ${head.missing.at}, was not in it`
    }
    if (marks.some((each) => each.line > line && each.position < head.position)) {
      givenUp += 1
      continue
    }
    batch.push(head)
    if (batch.length === batchLines) await compareBatch()
  }
  await compareBatch()
  if (known && !isKnownThere) {
    findings.add('heads-cut-off', { position: known.position, fact: known.at })
  }
  const remarks = []
  if (compared === 0 && !known) {
    remarks.push(
      'No head of the chain was written to this data folder yet: what was cut off would not be noticed.',
    )
  }
  if (begunAnew > 0) {
    remarks.push(
      `The file of heads was cut off or begun anew ${begunAnew === 1 ? 'once' : `${begunAnew} times`}, first ${firstAnew}. ` +
        'If nobody moved it away on purpose, what was cut off before then would not be noticed: the log has the heads too.',
    )
  }
  for (const { to, at, position } of marks.slice(-marksToldMax)) {
    remarks.push(
      `The library was put back to ${to} by a restore at ${at}: the links after ${position} were given up.`,
    )
  }
  if (givenUp > 0) {
    remarks.push(
      `Heads of links that were given up, which are not compared: ${givenUp}. The log has them too.`,
    )
  }
  return { compared, lastAt, remarks }
}

const marksToldMax = 5

/** The restores that the file tells of, by line. */
async function marksIn(dataFolder: string): Promise<readonly (RestoredMark & { readonly line: number })[]> {
  const marks: (RestoredMark & { readonly line: number })[] = []
  for await (const { line, mark } of readHeads(dataFolder)) if (mark) marks.push({ ...mark, line })
  return marks
}

async function compare(rows: Rows, heads: readonly AuditHead[], findings: Findings): Promise<void> {
  const found = await rows<{ position: string; chain: string }>(sql`
    select position, encode(chain_sha256, 'hex') as chain
    from audit_link
    where position = any(${heads.map(({ position }) => position)}::bigint[])
  `)
  const chains = new Map(found.map(({ position, chain }) => [Number(position), chain]))
  const [end] = await rows<{ position: string }>(sql`
    select coalesce(max(position), 0) as position from audit_link
  `)
  for (const { position, chain, at, entry } of heads) {
    const there = chains.get(position)
    const about = { position, ...entry, fact: at }
    if (position > Number(end?.position)) findings.add('cut-off', about)
    else if (there !== undefined && there !== chain) findings.add('rewritten', about)
  }
}
