import { setTimeout as wait } from 'node:timers/promises'
import { ask } from './runner/ask.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary } from './runner/full-library.ts'
import { watch } from './runner/watch.ts'

type Seen = {
  /** Open loans at the beginning. */
  readonly lent: number
  /** Ended in the end, of those whose book nobody brought. */
  readonly wronglyEnded: number
  /** Check-ins that were done after the first one. */
  readonly wentOn: number
}

const loans = 5_000
const checkIns = 10
const pauseMs = 200

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2012-knight',
  outage:
    'Knight Capital, 1 August 2012: a stop condition was lost, and one input caused thousands of effects',
  safeguard:
    'fan-out bound: the database counts what one write changes; over the bound nothing is kept and the verb is halted',
  judgedBy: 'counts',
  story: 'docs/incidents/2012-knight.md',
  plot: { axis: 'open loans', scale: 'linear', series: { loans: 'steps' } },
  harms: [
    {
      what: 'loans ended whose book nobody brought back',
      isThere: ({ wronglyEnded }) => wronglyEnded > 0,
      tell: ({ wronglyEnded, lent }) =>
        `${wronglyEnded.toLocaleString('en')} of ${lent.toLocaleString('en')}`,
    },
    {
      what: 'check-ins that the faulty code did after the first had gone wrong',
      isThere: ({ wentOn }) => wentOn > 0,
      tell: ({ wentOn }) => `${wentOn} of ${checkIns - 1}`,
    },
  ],
}

/** One check-in at a desk, by code that has lost its stop condition, closes every loan of the library. */
export const knight2012 = drill<Seen>({
  ...told,
  unguarded: async (lab) => {
    const library = await lendMuch(lab)
    await library.db.query('drop trigger fan_out_bounded on journal')
    return returnSome(lab, library)
  },
  guarded: async (lab) => returnSome(lab, await lendMuch(lab)),
})

async function lendMuch(lab: Lab): Promise<FullLibrary> {
  // The version that is deployed that day.
  const faulty = new URL('lost-stop.ts', import.meta.url)
  const library = await openFullLibrary(lab, { env: { NODE_OPTIONS: `--import ${faulty.href}` } })
  await library.db.query(
    `
      insert into loan (copy_id, patron_id, patron_category_id, branch_id, loan_rule_id, lent_at, due_at)
      select copy.id, patron.id, patron.category_id, copy.branch_id, rule.id, now() - interval '1 day', now() + interval '20 days'
      from (
        select copy.*, row_number() over (order by barcode = any ($1) desc, id) as n from copy
        where barcode like '77%' and barcode <> $4
      ) as copy
      join (
        select patron.*, row_number() over (order by id) as n, count(*) over () as patrons
        from patron where card = any ($2)
      ) as patron on patron.n = copy.n % patron.patrons + 1,
      (select id from loan_rule order by id limit 1) as rule
      where copy.n <= $3::integer
    `,
    [library.barcodes.slice(0, checkIns), library.cards.slice(1), loans, library.barcodes[checkIns]],
  )
  return library
}

async function returnSome(lab: Lab, library: FullLibrary): Promise<Seen> {
  const brought = library.barcodes.slice(0, checkIns)
  lab.curtain()
  const open = () => openLoans(library)
  const before = await open()
  const loansOverTime = watch(lab, 'loans', { everyMs: 50, look: open })
  lab.mark(`${before.toLocaleString('en')} books are lent; ${checkIns} are brought back, one by one`)
  let done = 0
  for (const [n, barcode] of brought.entries()) {
    await wait(pauseMs, undefined, { signal: lab.signal })
    const { status, body } = await ask(library, 'POST', 'returns', { barcode, branch: 'main' })
    if (status < 300) done++
    if (n < 2) lab.mark(`check-in ${n + 1}: ${status < 300 ? 'done' : `refused, ${body.code}`}`)
  }
  const another = await ask(library, 'POST', 'loans', {
    card: library.cards[0],
    barcode: library.barcodes[checkIns],
    branch: 'main',
  })
  lab.mark(`meanwhile, a book is ${another.status < 300 ? 'lent' : `not lent: ${another.body.code}`}`)
  await loansOverTime.close()
  // A library that does nothing at all ends no loan wrongly either.
  if (another.status >= 300) throw new Error(`No book could be lent meanwhile: ${another.body.code}.`)
  const left = (await open()) - 1
  return { lent: before, wronglyEnded: Math.max(0, before - left - done), wentOn: Math.max(0, done - 1) }
}

async function openLoans({ db }: FullLibrary): Promise<number> {
  const { rows } = await db.query<{ n: number }>(
    'select count(*)::integer as n from loan where returned_at is null',
  )
  return rows[0]?.n ?? 0
}
