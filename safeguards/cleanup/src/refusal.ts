/** Why nothing was done, or not all. */
export type RefusalCode =
  | 'system-unfit'
  | 'root-unknown'
  | 'root-path-empty'
  | 'root-path-not-absolute'
  | 'root-path-not-plain'
  | 'root-protected'
  | 'root-holds-protected'
  | 'root-is-mount-point'
  | 'root-passes-link'
  | 'root-missing'
  | 'root-unreadable'
  | 'root-not-ours'
  | 'root-nested'
  | 'root-open-to-all'
  | 'marker-missing'
  | 'marker-unreadable'
  | 'marker-elsewhere'
  | 'root-marked-already'
  | 'tree-too-large'
  | 'nothing-to-do'
  | 'over-ceiling'
  | 'under-floor'
  | 'plan-unknown'
  | 'plan-too-old'
  | 'plan-changed'
  | 'files-open'
  | 'unconfirmed'
  | 'unhealthy'
  | 'unhealthy-after'
  | 'at-work'
  | 'unfinished-run'
  | 'run-unknown'
  | 'run-damaged'
  | 'run-not-finished'
  | 'purge-too-early'
  | 'not-restarted'
  | 'cannot-put-back'
  | 'cannot-write'
  | 'stopped'

/** A refusal: the code for programs, the sentence for people. Unless the sentence says otherwise nothing was moved. */
export class CleanupRefusedError extends Error {
  override readonly name = 'CleanupRefusedError'
  readonly code: RefusalCode
  /** What else a program may want to know. */
  readonly details: Readonly<Record<string, unknown>>

  constructor(
    code: RefusalCode,
    sentence: string,
    { details = {}, cause }: { details?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(sentence, cause === undefined ? {} : { cause })
    this.code = code
    this.details = details
  }
}

/** The code of what the system said, such as ENOSPC. */
export function systemCodeOf(error: unknown): string | undefined {
  if (error instanceof CleanupRefusedError) return undefined
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
