import { type Guarded, guarded, type Target } from '@bibby/guard/guarded.ts'
import { worded } from '../language/worded.ts'
import { letterInWords, lettersNow } from '../notices/letters-now.ts'
import { addInstallation } from '../notices/set-notices.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** Where notices are turned on, and whether letters go out then. */
export type TurnNoticesOn = { readonly installation: string; readonly sends: 'letters' | 'nothing' }

/**
 * Turns notices on, where the letters that go out then are as many as a person has seen and confirmed. The rows are
 * these letters; of what one tells a thing may come and go. With none, the switch itself is the row.
 */
export function turnNoticesOn({ clock }: { readonly clock: () => Date }): Guarded<Tx, TurnNoticesOn> {
  return guarded<Tx, TurnNoticesOn>({
    name: 'turn-notices-on',
    phrase: ({ sends }) =>
      sends === 'letters'
        ? { verb: 'SEND', noun: 'LETTERS', where: 'AND TURN NOTICES ON' }
        : { verb: 'TURN ON', noun: 'SWITCH OF NOTICES', where: 'WITH NOTHING TO SEND' },
    ceiling: { rows: 20_000, percent: 100 },
    find: async (tx, { installation, sends }, { atMost }) => {
      const version = await versionOf(tx)
      const { letters, isMore } = await lettersNow(tx, clock())
      const targets: Target[] = [
        ...(await inTheWay(tx, { installation, version, isMore })),
        ...(sends === 'nothing' ? [{ id: 'switch', version, label: worded('plan-line.nothing-goes') }] : []),
        ...letters.map((letter) => ({ id: letter.id, version, label: letterInWords(letter) })),
      ]
      return { targets: targets.slice(0, atMost), total: targets.length }
    },
    // The sweeps share this lock: none of them is at work while notices are turned on.
    hold: async (tx, ids) => {
      await tx.rows(sql`select from notice_switch for update`)
      const version = await versionOf(tx)
      return ids.map((id) => ({ id, version }))
    },
    dependents: 'none',
    act: async (tx, ids, { arguments: { installation } }) => {
      await addInstallation(tx, installation, clock())
      const versionAfter = await versionOf(tx)
      return ids.map((id) => ({ id, versionAfter, before: null }))
    },
    // What was sent stays sent; turning notices off is there at any time, and needs no plan.
    undo: 'none',
    // One switch, one transaction: the batch is as large as the ceiling.
    batchRows: 20_000,
    pace: 'at-once',
    health: 'not-asked',
    people: { needed: 1, confirmMinutes: 60 },
  })
}

/** What to ask for: the plan of an installation says whether letters go out. */
export async function turningOnAt(
  db: { readonly rows: Rows },
  { installation, now }: { readonly installation: string; readonly now: Date },
): Promise<TurnNoticesOn> {
  const { letters } = await lettersNow(db, now)
  return { installation, sends: letters.length > 0 ? 'letters' : 'nothing' }
}

async function versionOf(tx: Tx): Promise<string> {
  const [row] = await tx.rows<{ version: string }>(sql`select version::text from notice_switch`)
  if (!row) throw new Error('The switch of notices is not there.')
  return row.version
}

async function inTheWay(
  tx: Tx,
  { installation, version, isMore }: { installation: string; version: string; isMore: boolean },
): Promise<readonly Target[]> {
  const on = await tx.rows(sql`select from notice_switch where ${installation} = any(installations)`)
  const switched = {
    id: 'on',
    version,
    label: worded('plan-line.installation'),
    obstacle: 'notices-on-already',
  }
  const queue = { id: 'queue', version, label: worded('plan-line.queue'), obstacle: 'queue-too-long' }
  return [...(on.length > 0 ? [switched] : []), ...(isMore ? [queue] : [])]
}
