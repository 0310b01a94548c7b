/**
 * What a failure is. The classifier given to `protect` says it of each error of the call.
 *
 * - `permanent`: answered, and no repeat will change the answer. Nothing was done.
 * - `transient`: nothing was done; a repeat may succeed.
 * - `unknown-outcome`: it may have been done. Only what is safe to do twice is tried again.
 * - `self-inflicted`: it may have been done, and that we did not hear of it is our own fault.
 */
export type Kind = 'permanent' | 'transient' | 'unknown-outcome' | 'self-inflicted'

/** Why a protected call ended without an answer. */
export type CallErrorCode =
  | 'CALL_FAILED'
  | 'CALL_DEADLINE'
  | 'CALL_ABORTED'
  | 'CALL_REFUSED_OPEN'
  | 'CALL_REFUSED_FULL'

const happened: Readonly<Record<CallErrorCode, string>> = {
  CALL_FAILED: 'failed',
  CALL_DEADLINE: 'did not answer in time',
  CALL_ABORTED: 'was no longer waited for by the caller',
  CALL_REFUSED_OPEN: 'has failed too often and is left alone for a while',
  CALL_REFUSED_FULL: 'has as many calls under way and waiting as it may have',
}

const next: Readonly<Record<Kind, string>> = {
  permanent: 'Nothing was done, and asking again will not help.',
  transient: 'Nothing was done. Ask again later.',
  'unknown-outcome': 'It may have been done: ask again only if doing it twice is safe.',
  'self-inflicted':
    'This process stood still, so that an answer may have been missed: ask again only if doing it twice is safe.',
}

/** The only error that a protected call throws. `cause` is the last error of the call itself, if it had one. */
export class CallError extends Error {
  override readonly name = 'CallError'
  readonly code: CallErrorCode
  /** Never `permanent` or `transient` if one of the tries may have been done. */
  readonly kind: Kind
  /** How often it was tried. None if it was refused before it began. */
  readonly tries: number

  constructor(
    what: string,
    { code, kind, tries, cause }: Omit<CallError, keyof Error> & { cause?: unknown },
  ) {
    const count = tries === 1 ? '1 try' : `${tries} tries`
    super(`${what} ${happened[code]} (${count}). ${next[kind]}`, cause === undefined ? {} : { cause })
    this.code = code
    this.kind = kind
    this.tries = tries
  }
}
