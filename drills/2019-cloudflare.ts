import { setTimeout as wait } from 'node:timers/promises'
import { ask } from './runner/ask.ts'
import { openDesks, type Shift } from './runner/desks.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary, signedInAs, warmUp } from './runner/full-library.ts'
import { served } from './runner/served.ts'

type Seen = { readonly shift: Shift; readonly wasTaken: boolean }

/** Groups of digits and a letter, as somebody writes it down who does not think of what happens without the letter. */
const format = { pattern: '(\\d+ ?)+[A-Z]', example: '3900 0042 A' }
/** What a scanner reads from the wrong label. Each digit more doubles the time of an engine that goes back and forth. */
const scanned = '3'.repeat(28)
const scans = 2
const desksPerSecond = 20
const lateShareMax = 0.05

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2019-cloudflare',
  outage: 'Cloudflare, 2 July 2019: one regular expression took every processor',
  safeguard:
    'patterns: analysed before they are taken, on an engine that cannot backtrack, in another thread, with a deadline',
  judgedBy: 'waits',
  story: 'docs/incidents/2019-cloudflare.md',
  plot: { axis: 'answer of a desk, ms', scale: 'log', series: { 'desk, ms': 'points' } },
  harms: [
    {
      what: 'other desks that waited over a second',
      isThere: ({ shift }) => shift.late > shift.asked * lateShareMax,
      tell: ({ shift }) => `${shift.late} of ${shift.asked}, up to ${(shift.worstMs / 1_000).toFixed(1)} s`,
    },
    {
      what: 'a dangerous pattern that was taken',
      isThere: ({ wasTaken }) => wasTaken,
      tell: ({ wasTaken }) => (wasTaken ? 'taken' : 'refused'),
    },
  ],
}

/** A branch settles what its barcodes look like; then one label is scanned that does not. */
export const cloudflare2019 = drill<Seen>({
  ...told,
  unguarded: (lab) => {
    const naive = new URL('backtracking-patterns.ts', import.meta.url)
    return scanTheWrongLabel(lab, { NODE_OPTIONS: `--import ${naive.href}` })
  },
  guarded: async (lab) => {
    const seen = await scanTheWrongLabel(lab, {})
    return { ...seen, shift: served(seen.shift) }
  },
})

async function scanTheWrongLabel(lab: Lab, env: Readonly<Record<string, string>>): Promise<Seen> {
  const library = await openFullLibrary(lab, { env })
  const operator = { ...library, token: await signedInAs(library, 'operator') }
  await warmUp(library)
  lab.curtain()
  const desks = openDesks(lab, { ...library, branch: 'main', perSecond: desksPerSecond, to: 'desk, ms' })
  await wait(1_000)
  const set = await ask(operator, 'PUT', 'branches/main/barcode-format', format)
  const wasTaken = set.status < 300
  lab.mark(`the pattern ${format.pattern} is ${wasTaken ? 'taken' : 'refused'}`)
  if (!wasTaken) {
    const because = JSON.stringify(set.body)
    if (!because.includes('On a chosen text'))
      throw new Error(`It was refused for another reason: ${because}.`)
    await storeAllTheSame(library)
    lab.mark('it is put into the database all the same, as an older version might have left it')
  }
  await wait(1_000)
  lab.mark(`${scans} labels without the letter are scanned at another desk`)
  const answers = await Promise.all(
    Array.from({ length: scans }, () =>
      ask(operator, 'POST', 'books/1/copies', { branch: 'main', itemType: 'book', barcode: scanned }),
    ),
  )
  const codes = answers.map(({ body }) => body.code)
  lab.mark(`the scans are answered: ${codes.join(', ')}`)
  // Whoever waits does so for the pattern only if it was tried.
  if (!codes.includes('fields-invalid')) throw new Error(`No pattern was tried: ${codes.join(', ')}.`)
  await wait(1_000)
  return { shift: await desks.close(), wasTaken }
}

async function storeAllTheSame({ db }: FullLibrary): Promise<void> {
  await db.query(
    `
      insert into number_format (branch_id, kind, pattern, example)
      select id, 'barcode', $1, $2 from branch where code = 'main'
    `,
    [format.pattern, format.example],
  )
}
