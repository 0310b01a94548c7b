import { createHash } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { type Guard, openGuard } from '@bibby/guard/guard.ts'
import type { Guarded } from '@bibby/guard/guarded.ts'
import type { Host } from '@bibby/guard/host.ts'
import type { Operation } from '@bibby/guard/operation.ts'
import { type Refusal, withoutPeople } from '@bibby/guard/refusal.ts'
import { askedBy } from '../postgres/asker.ts'
import type { Database, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { may, type Permission, type Role, type Someone } from '../staff/permission.ts'
import { type DeleteAllBooks, deleteAllBooks } from './delete-all-books.ts'
import { editCopies } from './edit-copies.ts'
import { erasePatron } from './erase-patron.ts'
import { guardHost } from './host.ts'
import { mergeTitles } from './merge-titles.ts'
import { keptSecret } from './secret.ts'
import { type SendDirect, sendCode } from './send-code.ts'
import { type TurnNoticesOn, turnNoticesOn } from './turn-notices-on.ts'
import { withdrawCopies } from './withdraw-copies.ts'

/** What one must be allowed to, to plan an operation, confirm it and take it back, by its name. */
const needs: Readonly<Record<string, Permission>> = {
  'withdraw-copies': 'withdraw',
  'edit-copies': 'catalogue-write',
  'merge-titles': 'catalogue-write',
  'delete-all-books': 'delete-all',
  'turn-notices-on': 'settings',
  'erase-patron': 'erase',
}

/** Whether this person may do this with an operation of this name. Whoever sees operations may stop them. */
export function mayWorkOn(
  who: Someone | undefined,
  name: string,
  what: 'ask' | 'approve' | 'stop' = 'ask',
): boolean {
  const permission = needs[name]
  if (what === 'stop') return may(who, 'operate')
  if (what === 'approve' && may(who, 'approve')) return true
  return permission !== undefined && may(who, permission)
}

/** Whether the person behind this actor may do this by the account that they have now. */
const mayStill: Host<Tx>['mayStill'] = async (tx, { by, as, name }) => {
  const id = Number(/^staff:(\d{1,15})$/.exec(by)?.[1] ?? 0)
  const [person] = await tx.rows<{ role: Role }>(sql`
    select role from staff where id = ${id} and deleted_at is null
  `)
  return (
    person !== undefined &&
    mayWorkOn({ kind: 'staff', role: person.role }, name, as === 'approver' ? 'approve' : 'ask')
  )
}

/** Operations whose plans name patrons. */
const ofPatrons: ReadonlySet<string> = new Set(['erase-patron', 'turn-notices-on'])

/** An operation as this person may see it: who may not read patrons sees that it was, and not of whom. */
export function shownTo(who: Someone | undefined, operation: Operation): Operation {
  if (!ofPatrons.has(operation.name) || may(who, 'patron-read')) return operation
  const because = operation.because && (withoutPeople(operation.because) as Operation['because'])
  return { ...operation, arguments: {}, samples: [], because }
}

/** The same person with the same key plans the same operation: its id is made from both. */
export function operationIdOf({ actor, key }: { readonly actor: string; readonly key: string }): string {
  const hex = createHash('sha256').update(`${actor}\n${key}`).digest('hex')
  // The form of a UUID of version 8, which is for what is made by a rule of one's own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

/** How long whoever confirms waits, so that what is short is told as done. */
const patienceMs = 1_000

/** The operations of a library, and the work on them in this process. */
export type Operations = AsyncDisposable & {
  readonly guard: Guard<Tx>
  readonly deleteAllBooks: Guarded<Tx, DeleteAllBooks>
  readonly turnNoticesOn: Guarded<Tx, TurnNoticesOn>
  /** Works on an operation from now on, and says how it stands after a moment. */
  readonly work: (id: string) => Promise<Operation | undefined>
  /** Goes on with what was under way when some process ended. Throws what went wrong within a moment. */
  readonly resume: () => Promise<void>
}

/** Opens them. Work on them ends when this is closed, and goes on at the next start. */
export function openOperations({
  db,
  instance,
  clock,
  dataFolder,
  sendDirect,
  secondPerson,
}: {
  readonly db: Database
  readonly instance: string
  readonly clock: () => Date
  readonly dataFolder: string
  readonly sendDirect: SendDirect
  /** Whether deleting all books needs two people. */
  readonly secondPerson: boolean
}): Operations {
  const deleteAll = deleteAllBooks({ people: secondPerson ? 2 : 1 })
  const noticesOn = turnNoticesOn({ clock })
  const closing = new AbortController()
  const underWay = new Map<string, Promise<Operation | Refusal>>()
  let secret: Uint8Array | undefined
  const guard = openGuard(
    guardHost({
      db,
      instance,
      clock,
      send: (message) => sendCode(db, sendDirect, message),
      mayStill,
      secret: () => {
        secret ??= keptSecret(dataFolder)
        return secret
      },
    }),
    // Everything in the library that destroys, and what cannot be called back. What is not here cannot be done to many rows at once.
    [withdrawCopies, editCopies, mergeTitles, erasePatron, deleteAll, noticesOn],
  )
  const run = (id: string) => {
    const known = underWay.get(id)
    if (known) return known
    // It goes on when whoever asked for it has left.
    const running = askedBy(undefined, () => guard.run({ id, signal: closing.signal })).finally(() =>
      underWay.delete(id),
    )
    underWay.set(id, running)
    // Whoever waits hears of a fault; the operation stays as it is, and the next resume goes on with it.
    running.catch(() => undefined)
    return running
  }
  const aMoment = () =>
    wait(patienceMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined)
  return {
    guard,
    deleteAllBooks: deleteAll,
    turnNoticesOn: noticesOn,
    work: async (id) => {
      await Promise.race([run(id), aMoment()])
      return guard.show(id)
    },
    resume: async () => {
      const left = await guard.list({ atMost: 100, states: ['executing', 'undoing'] })
      await Promise.race([Promise.all(left.map(({ id }) => run(id))), aMoment()])
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort()
      await Promise.allSettled(underWay.values())
    },
  }
}
