import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ask } from './runner/ask.ts'
import { openDesks, type Shift } from './runner/desks.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary, signedInAs } from './runner/full-library.ts'
import { served } from './runner/served.ts'
import { watch } from './runner/watch.ts'

type Seen = {
  /** Still withdrawn at the end, of those that nobody meant. */
  readonly withdrawn: number
  /** Wrong inputs that were carried out although no person had seen what they would do. */
  readonly letThrough: number
  readonly shift: Shift
}

/** What the maintenance is about, and the wrong inputs that are made. */
const meant = { branch: 'harbour', shelf: 'worn', copies: 5 }
const wrongSet = { branch: 'main' }
const wrongShelf = { branch: 'harbour', shelf: 'fiction', copies: 100 }
const desksPerSecond = 20
const quietMs = 1_000

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2017-s3',
  outage: 'Amazon S3, 28 February 2017: one wrong input to a maintenance command',
  safeguard:
    'guard: plan, floor, ceiling, pace, a phrase that only the plan knows, a code by another channel, undo',
  judgedBy: 'waits',
  story: 'docs/incidents/2017-s3.md',
  plot: { axis: 'copies that can be lent', scale: 'linear', series: { copies: 'steps' } },
  harms: [
    {
      what: 'copies withdrawn that nobody meant to withdraw',
      isThere: ({ withdrawn }) => withdrawn > 0,
      tell: ({ withdrawn }) => withdrawn.toLocaleString('en'),
    },
    {
      what: 'wrong inputs that went through without a person who saw what they would do',
      isThere: ({ letThrough }) => letThrough > 0,
      tell: ({ letThrough }) => String(letThrough),
    },
    {
      what: 'patrons sent away from a desk, because the copy in their hand was withdrawn',
      isThere: ({ shift }) => (shift.refused['copy-withdrawn'] ?? 0) > 0,
      tell: ({ shift }) => `${shift.refused['copy-withdrawn'] ?? 0} of ${Math.ceil(shift.asked / 2)}`,
    },
  ],
}

/** Five worn copies are to go; the wrong set is named, and all of it. */
export const s32017 = drill<Seen>({
  ...told,
  unguarded: (lab) => whileDesksWork(lab, typedPastADialog),
  guarded: async (lab) => {
    const seen = await whileDesksWork(lab, typedAgainstTheGuard)
    return { ...seen, shift: served(seen.shift) }
  },
})

async function whileDesksWork(
  lab: Lab,
  maintain: (lab: Lab, library: FullLibrary) => Promise<number>,
): Promise<Seen> {
  const library = await openFullLibrary(lab)
  await shelve(library)
  lab.curtain()
  const shelves = watch(lab, 'copies', {
    everyMs: 100,
    look: () => counted(library, 'withdrawn_at is null'),
  })
  const desks = openDesks(lab, { ...library, branch: 'main', perSecond: desksPerSecond, to: 'desk, ms' })
  lab.mark(
    `${library.copies.toLocaleString('en')} copies; meant: withdraw ${meant.copies} from the shelf “${meant.shelf}” of ${meant.branch}`,
  )
  await wait(quietMs)
  const letThrough = await maintain(lab, library)
  await wait(quietMs)
  const shift = await desks.close()
  await shelves.close()
  return {
    withdrawn: await counted(library, `withdrawn_at is not null and shelf <> '${meant.shelf}'`),
    letThrough,
    shift,
  }
}

/** The form that circulates: the code comes in the reply, and the phrase is always the same, so a script can do both. */
async function typedPastADialog(lab: Lab, { db }: FullLibrary): Promise<number> {
  const pending = new Map<string, { branch: string; percent: number }>()
  const initiate = (order: { branch: string; percent: number }) => {
    const code = lab.random().toString(36).slice(2, 8).toUpperCase()
    pending.set(code, order)
    return { code, type: 'WITHDRAW COPIES PERMANENTLY' }
  }
  const confirm = async (code: string, phrase: string) => {
    const order = pending.get(code)
    if (!order || phrase !== 'WITHDRAW COPIES PERMANENTLY') throw new Error('Not confirmed.')
    await db.query(
      `
        update copy set withdrawn_at = now(), withdrawn_because = 'maintenance'
        from branch
        where branch.id = copy.branch_id and branch.code = $1
          and copy.id % 100 < $2
      `,
      [order.branch, order.percent],
    )
  }
  const reply = initiate({ ...wrongSet, percent: 100 })
  lab.mark(`typed: 100% of ${wrongSet.branch}; the reply holds the code, the script types it and the phrase`)
  await confirm(reply.code, reply.type)
  lab.mark('done, all in one go')
  return 1
}

/** Gives how many of the wrong inputs went through before somebody read the mail. */
async function typedAgainstTheGuard(lab: Lab, library: FullLibrary): Promise<number> {
  const operator = { ...library, token: await signedInAs(library, 'operator') }
  const plan = (given: { branch: string; shelf?: string }) =>
    ask(operator, 'POST', 'operations/withdraw-copies', { ...given, because: 'maintenance' })
  const wrong = await plan(wrongSet)
  lab.mark(`typed: all of ${wrongSet.branch}; refused: ${wrong.body.code}`)

  const smaller = await plan({ branch: wrongShelf.branch, shelf: wrongShelf.shelf })
  const { id, phrase } = smaller.body
  if (!id || !phrase) throw new Error(`The smaller set should have been planned: ${smaller.body.code}`)
  lab.mark(`typed: shelf “${wrongShelf.shelf}” for “${meant.shelf}”; the plan says ${phrase}`)
  await ask(operator, 'POST', `operations/${id}/code`)
  const scripted = await ask(operator, 'POST', `operations/${id}/confirm`, {
    phrase: `WITHDRAW ${meant.copies} COPIES FROM ${meant.branch}`,
    code: '00000000',
  })
  lab.mark(`the script of the playbook types the phrase of old: refused: ${scripted.body.code}`)

  const code = await codeInTheMail(library)
  const insisted = await ask(operator, 'POST', `operations/${id}/confirm`, { phrase, code })
  lab.mark(`a tired person reads the mail and types both: ${insisted.body.code ?? insisted.body.state}`)
  if (insisted.status >= 300) throw new Error(`It should have been confirmed: ${insisted.body.code}.`)
  await until(operator, id, 'done')
  lab.mark('done, at its pace; somebody looks at the shelf')
  await ask(operator, 'POST', `operations/${id}/undo`, {})
  await until(operator, id, 'undone')
  lab.mark('undone, row by row')
  return [wrong.body.code === 'over-ceiling', scripted.body.code === 'phrase-wrong'].filter(
    (refused) => !refused,
  ).length
}

async function until(operator: FullLibrary, id: string, state: string): Promise<void> {
  for (;;) {
    const { body } = await ask(operator, 'GET', `operations/${id}`)
    if (body.state === state) return
    if (body.state === 'failed' || body.state === 'refused') throw new Error(`It is ${body.state}.`)
    await wait(50)
  }
}

/** The mail is read where the notice service of a library without a mail server leaves it. */
async function codeInTheMail({ home }: FullLibrary): Promise<string> {
  const folder = join(home.data, 'notices', 'mail')
  for (;;) {
    const [name] = await readdir(folder).catch(() => [])
    const mail = name?.endsWith('.eml') ? await readFile(join(folder, name), 'utf8') : ''
    // On a line of its own: the identities in a mail have groups of four too.
    const code = /^ {4}([0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4})\r?$/m.exec(mail)?.[1]
    if (code) return code
    await wait(50)
  }
}

async function shelve({ db }: FullLibrary): Promise<void> {
  await db.query("update staff set email = login || '@example.org' where role = 'operator'")
  for (const { branch, shelf, copies } of [meant, wrongShelf]) {
    await db.query(
      `
        insert into copy (title_id, barcode, branch_id, item_type_id, shelf)
        select title.id, '88' || $2 || n, branch.id, (select min(id) from item_type), $2
        from generate_series(1, $3::integer) as n, branch,
          (select id from title order by id limit 1) as title
        where branch.code = $1
      `,
      [branch, shelf, copies],
    )
  }
}

async function counted({ db }: FullLibrary, which: string): Promise<number> {
  const { rows } = await db.query<{ n: number }>(`select count(*)::integer as n from copy where ${which}`)
  return rows[0]?.n ?? 0
}
