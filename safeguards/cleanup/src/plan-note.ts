import {
  closeSync,
  constants,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs'
import { holdIn, namesIn, statIn, within } from './held-folder.ts'
import type { Plan } from './plan.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import { madeIn, type Root } from './root.ts'

const plansName = 'plans'
/** Of each root, the latest; older notes go. */
const plansKept = 20
/** The first so many digits of a digest may stand for it, when no other begins so. */
const digestLeast = 8

/** Keeps a plan, so that `run` can be told it by its digest. */
export function keepPlan(root: Root, plan: Plan): void {
  try {
    using plans = madeIn(root.state, plansName)
    const half = within(plans, `${plan.digest}.half-${process.pid}`)
    const file = openSync(
      half,
      constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW,
      0o600,
    )
    try {
      writeSync(file, JSON.stringify(plan))
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(half, within(plans, plan.digest))
    const old = namesIn(plans)
      .map((name) => ({ name, at: statIn(plans, name)?.mtimeNs ?? 0n }))
      .toSorted((a, b) => (a.at < b.at ? 1 : -1))
      .slice(plansKept)
    for (const { name } of old) unlinkSync(within(plans, name))
  } catch (cause) {
    if (cause instanceof CleanupRefusedError || systemCodeOf(cause) === undefined) throw cause
    throw new CleanupRefusedError(
      'cannot-write',
      `The plan cannot be kept (${systemCodeOf(cause)}). Nothing was touched.`,
      { cause },
    )
  }
}

/** The whole digest that these digits begin, when a plan of the root has it. */
export function digestIn(root: Root, digits: string): string | undefined {
  if (!/^[0-9a-f]+$/.test(digits) || digits.length < digestLeast || !statIn(root.state, plansName))
    return undefined
  using plans = holdIn(root.state, plansName)
  const found = namesIn(plans).filter((name) => name.startsWith(digits) && /^[0-9a-f]{64}$/.test(name))
  return found.length === 1 ? found[0] : undefined
}

/** The plan of that digest; refuses when there is none. */
export function keptPlan(root: Root, digest: string): Plan {
  try {
    using plans = holdIn(root.state, plansName)
    const file = openSync(within(plans, digest), constants.O_RDONLY | constants.O_NOFOLLOW)
    try {
      return JSON.parse(readFileSync(file, 'utf8')) as Plan
    } finally {
      closeSync(file)
    }
  } catch (cause) {
    throw planUnknown(digest, [], cause)
  }
}

/** No root has a plan of that digest, of those that could be looked at. */
export function planUnknown(
  digest: string,
  notSeen: readonly { readonly because: string }[] = [],
  cause?: unknown,
): CleanupRefusedError {
  const others = notSeen.map(({ because }) => ` Not looked at: ${because}`).join('')
  return new CleanupRefusedError(
    'plan-unknown',
    `There is no plan ${JSON.stringify(digest.slice(0, 64))}. Make one: run takes the digest that plan prints. Nothing was touched.${others}`,
    { cause },
  )
}
