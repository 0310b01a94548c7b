/** Codes of faults that end a command, and the code that it then exits with. */
export const exitCodes = {
  STATUS_USAGE: 2,
  STATUS_REFUSED: 3,
  STATUS_UNPUBLISHED: 4,
  STATUS_ALREADY_RUNS: 6,
  STATUS_STORE_NEWER: 70,
  STATUS_STORE_REPLACED: 72,
  STATUS_STORE_DAMAGED: 74,
  STATUS_STORE_BUSY: 75,
  STATUS_CONFIG_INVALID: 78,
} as const

/** Names a fault for good; words may change. */
export type StatusCode = keyof typeof exitCodes

/** A fault that has a name and says what to do. */
export class StatusError extends Error {
  override readonly name = 'StatusError'
  readonly code: StatusCode
  constructor(code: StatusCode, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}
