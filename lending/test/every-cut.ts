import assert from 'node:assert/strict'
import type { Database } from '../src/postgres/pool.ts'
import {
  type By,
  type Outcome,
  type PlainObject,
  type Refusal,
  type Verb,
  write,
} from '../src/postgres/write.ts'
import { cutAt } from './cut.ts'
import { by } from './library-fixtures.ts'

/** One thing to ask, and how often it has happened since: 0 or 1, or the test fails. */
export type Trial<Ask> = {
  readonly ask: Ask
  readonly times: () => Promise<number>
  readonly by?: Partial<By>
}

/**
 * Loses the connection at each statement of a verb in turn, before it is sent and after it ran, and holds the verb
 * to what must always be true: it happened at most once; once, if told done; not at all, if told that nothing
 * was written; and the same key afterwards settles it, exactly once. `fresh` makes new things to ask about.
 */
export async function neverTwice<Ask, Done extends PlainObject, Refused extends Refusal>(
  db: Database,
  verb: Verb<Ask, Done, Refused>,
  fresh: () => Promise<Trial<Ask>>,
): Promise<void> {
  for (const cut of ['before', 'reply-lost'] as const) {
    let reached = true
    for (let at = 1; reached; at++) {
      const where = `${verb.action}, ${cut} ${at}`
      assert.ok(at < statementsMax, `${where}: it never ends`)
      const { ask, times, by: over } = await fresh()
      const who = by(over)
      const cutting = cutAt(db, at, cut)
      const told = await write(cutting, who, verb, ask).catch(lost)
      reached = cutting.reached()
      const happened = await times()
      if (told.outcome === 'nothing') assert.equal(happened, 0, where)
      if (told.outcome === 'done') assert.equal(happened, 1, where)
      assert.ok(happened <= 1, where)
      assert.equal((await write(db, who, verb, ask)).outcome, 'done', where)
      assert.equal(await times(), 1, where)
      if (!reached) assert.ok(at > 4, `${where}: a write has at least begin, open, journal and commit`)
    }
  }
}

const statementsMax = 100

function lost(error: unknown): { readonly outcome: 'nothing' } {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'BIBBY_WRITE_LOST') return { outcome: 'nothing' }
  throw error
}

/** The answer of a write that must have been done. */
export function done<Done, Refused extends Refusal>(told: Outcome<Done, Refused>): Done {
  assert.equal(told.outcome, 'done', JSON.stringify(told))
  return (told as Extract<typeof told, { outcome: 'done' }>).answer
}

/** The refusal of a write that must have been refused. */
export function refusal<Done, Refused extends Refusal>(told: Outcome<Done, Refused>): Refusal {
  assert.equal(told.outcome, 'refused', JSON.stringify(told))
  return (told as Extract<typeof told, { outcome: 'refused' }>).refusal
}
