import { alone } from './alone.ts'
import type { Host } from './host.ts'
import { type Marker, mark } from './marker.ts'
import { type Plan, planned } from './plan.ts'
import { digestIn, keepPlan, planUnknown } from './plan-note.ts'
import type { PutBack } from './put-back.ts'
import { CleanupRefusedError } from './refusal.ts'
import { backFrom, type CutOff, cutOff } from './resume.ts'
import { holdRoot, openRoot, type Root, settingOf } from './root.ts'
import { type Ran, type RunAsk, runPlan } from './run.ts'
import { openRun, type Run, runIds } from './run-record.ts'
import { type InTrash, listTrash, type Purged, purgeRun, restoreRun } from './trash.ts'

/** What a run would do. */
export type { Plan } from './plan.ts'
/** What became of putting back. */
export type { PutBack } from './put-back.ts'
/** A run that was cut off. */
export type { CutOff } from './resume.ts'
/** What a run has done. */
export type { Ran } from './run.ts'
/** What lies in the trash, and what left it for good. */
export type { InTrash, Purged } from './trash.ts'

/** A root that could not be looked at, and why. */
export type NotSeen = { readonly root: string; readonly because: string }

/** Takes files away that can be named, and gives them back. What is refused throws CleanupRefusedError. */
export type Cleanup = {
  /** Says that a folder may be cleaned. Done once, by a person who has looked into it. */
  readonly mark: (name: string) => Marker
  /** Looks at everything and touches nothing. */
  readonly plan: (name: string) => Promise<Plan>
  /** Moves what the plan of this digest names into the trash. The digest is all that it takes. */
  readonly run: (digest: string, ask?: RunAsk) => Promise<Ran>
  /** Runs that were cut off, and where their files are. Touches nothing. */
  readonly cutOff: () => { readonly runs: readonly CutOff[]; readonly notSeen: readonly NotSeen[] }
  /** Ends a run that was cut off: puts everything back. */
  readonly resume: (run: string) => Promise<PutBack>
  /** What lies in the trash. Looking is what its age is reckoned from. */
  readonly trash: () => { readonly runs: readonly InTrash[]; readonly notSeen: readonly NotSeen[] }
  readonly restore: (run: string) => Promise<PutBack>
  /** For good, after `trashDays`. */
  readonly purge: (run: string) => Promise<Purged>
}

/** Opens cleanup for a program. Nothing is opened before it is asked for, and every look is taken anew. */
export function openCleanup(host: Host): Cleanup {
  const withRoot = async <T>(name: string, work: (root: Root) => Promise<T>): Promise<T> => {
    using root = openRoot(name, host)
    await using _ = await alone(root)
    return await work(root)
  }
  const withRun = async <T>(id: string, work: (root: Root, run: Run) => Promise<T>): Promise<T> =>
    withRoot(rootOf(host, id), async (root) => {
      using run = openRun(root, id)
      if (!run)
        throw new CleanupRefusedError(
          'run-damaged',
          `The run ${id} was cut off before it moved anything. It holds no file.`,
        )
      return await work(root, run)
    })
  return {
    mark: (name) => {
      const { folder } = holdRoot(settingOf(host, name), host)
      using _ = folder
      return mark(folder, { name, host })
    },
    plan: async (name) => {
      using root = openRoot(name, host)
      const { plan } = await planned(root, host)
      keepPlan(root, plan)
      return plan
    },
    run: async (digits, ask = {}) => {
      const { told: found, notSeen } = eachRoot(host, (root) => {
        const digest = digestIn(root, digits)
        return digest === undefined ? [] : [{ name: root.setting.name, digest }]
      })
      const [one, another] = found
      if (!one || another) throw planUnknown(digits, notSeen)
      return withRoot(one.name, (root) => runPlan(root, host, { ...ask, digest: one.digest }))
    },
    cutOff: () => {
      const { told, notSeen } = eachRoot(host, cutOff)
      return { runs: told, notSeen }
    },
    resume: (id) => withRun(id, (root, run) => backFrom(root, run, host)),
    trash: () => {
      const { told, notSeen } = eachRoot(host, (root) => listTrash(root, host))
      return { runs: told, notSeen }
    },
    restore: (id) => withRun(id, (root, run) => restoreRun(root, run, host)),
    purge: (id) => withRun(id, (root, run) => purgeRun(root, run, host)),
  }
}

/** Asks every root that can be opened; one that cannot is told, and does not stand in the way of the others. */
function eachRoot<T>(
  host: Host,
  ask: (root: Root) => readonly T[],
): { readonly told: readonly T[]; readonly notSeen: readonly NotSeen[] } {
  const notSeen: NotSeen[] = []
  const told = host.roots.flatMap(({ name }) => {
    try {
      using root = openRoot(name, host)
      return ask(root)
    } catch (error) {
      if (!(error instanceof CleanupRefusedError)) throw error
      notSeen.push({ root: name, because: error.message })
      return []
    }
  })
  return { told, notSeen }
}

function rootOf(host: Host, id: string): string {
  const { told, notSeen } = eachRoot(host, (root) => (runIds(root).includes(id) ? [root.setting.name] : []))
  const [name] = told
  if (name !== undefined) return name
  const others = notSeen.map(({ because }) => ` Not looked at: ${because}`).join('')
  throw new CleanupRefusedError(
    'run-unknown',
    `No trash has a run ${JSON.stringify(id)}. See bibby trash list.${others}`,
  )
}
