// A process of the library: opens the guard on a database, says that it is ready, and does what it is told by lines.
import { createInterface } from 'node:readline'
import { offTheShelf, openLibrary } from './library.ts'
import { connect } from './scratch.ts'

/** What to do, and where to die: at the end of the n-th transaction of this kind. */
export type Order = {
  readonly database: string
  readonly confirm?: { by: string; id: string; phrase: string; code: string; times: number }
  readonly run?: string
  /** Forgets what is over; of copies, their shelf. */
  readonly forget?: true
  readonly dieAt?: { step: string; nth: number; when: 'before-commit' | 'after-commit' }
}

const order: Order = JSON.parse(process.argv[2] ?? '')
const { dieAt } = order
let transactions = 0
const die = (when: 'before-commit' | 'after-commit') => (stepping: { step: string }) => {
  if (dieAt?.when !== when || dieAt.step !== stepping.step) return
  transactions += 1
  if (transactions === dieAt.nth) process.kill(process.pid, 'SIGKILL')
}
const pool = connect(order.database)
const library = openLibrary(pool, {
  beforeCommit: die('before-commit'),
  afterCommit: die('after-commit'),
  ...(order.forget ? { withdraw: { purge: offTheShelf } } : {}),
})
const say = (told: unknown) => process.stdout.write(`${JSON.stringify(told)}\n`)

await pool.query('select 1')
say('ready')
const lines = createInterface({ input: process.stdin })
for await (const _ of lines) break
const { signal } = new AbortController()
if (order.confirm) {
  const { times, ...ask } = order.confirm
  const answers = await Promise.all(
    Array.from({ length: times }, async () => {
      const told = await library.guard.confirm(ask)
      if ('confirmed' in told) await library.guard.run({ id: ask.id, signal })
      return 'confirmed' in told ? `confirmed ${told.repeated ? 'before' : 'now'}` : told.refused
    }),
  )
  say(answers)
}
if (order.run) say(await library.guard.run({ id: order.run, signal }))
if (order.forget) say(await library.guard.forget({ by: 'system:sweep' }))
lines.close()
process.stdin.destroy()
await pool.end()
