import type { Refusal } from '../postgres/write.ts'
import { plainText } from '../text.ts'

/** A member of staff goes past a refusal. Whether they may is the caller's to check. */
export type Override = {
  /** Kept in the journal, at most 500 characters. */
  readonly reason: string
  /** The codes to go past; without it, all that can be. */
  readonly refusals?: readonly string[] | undefined
}

/** Why an override itself is refused. */
export type OverrideRefused =
  | { readonly refused: 'reason-missing' }
  | { readonly refused: 'override-not-allowed'; readonly refusal: string }

/** The go-ahead: which refusals were passed over, and the reason if any was. */
export type GoAhead = { readonly overridden: readonly string[]; readonly overrideReason?: string }

const reasonLimits = { max: 500, label: 'reason' } as const

/**
 * Weighs refusals, in their order, against an override: the go-ahead, or the first refusal that stands.
 *
 * A reason is asked for even when there turns out to be nothing to go past, so that a desk learns it at once.
 */
export function weigh<R extends Refusal>(
  refusals: readonly R[],
  { override, overridable }: { override: Override | undefined; overridable: ReadonlySet<string> },
): GoAhead | R | OverrideRefused {
  const [first] = refusals
  if (!override) return first ?? { overridden: [] }

  const reason = plainText(override.reason, reasonLimits)
  if (!reason.ok || reason.text === '') return { refused: 'reason-missing' }
  const named = override.refusals
  const outOfReach = named?.find((code) => !overridable.has(code))
  if (outOfReach !== undefined) return { refused: 'override-not-allowed', refusal: outOfReach }

  const standing = refusals.find(
    ({ refused }) => !overridable.has(refused) || (named !== undefined && !named.includes(refused)),
  )
  if (standing) return standing
  if (!first) return { overridden: [] }
  return { overridden: refusals.map(({ refused }) => refused), overrideReason: reason.text }
}
