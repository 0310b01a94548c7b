/**
 * Why Bibby did not start, or had to stop, and the exit code of the command: 1 failed, 2 misuse, 3 refused so
 * that nobody’s data is harmed.
 */
export const startCodes = {
  BIBBY_SETTINGS_INVALID: 2,
  BIBBY_ALREADY_RUNNING: 3,
  BIBBY_NO_LIBRARY: 3,
  BIBBY_DATA_NOT_OURS: 3,
  BIBBY_DATA_NEWER: 3,
  BIBBY_DATA_OTHER_POSTGRESQL: 3,
  BIBBY_DATA_UNUSABLE: 1,
  BIBBY_DISK_FULL: 1,
  BIBBY_PORT_TAKEN: 1,
  BIBBY_ADDRESS_UNUSABLE: 1,
  BIBBY_POSTGRESQL_MISSING: 1,
  BIBBY_POSTGRESQL_FAILED: 1,
  BIBBY_DATABASE_REFUSED: 1,
  BIBBY_DATABASE_UNSUITABLE: 1,
  BIBBY_SAMPLE_FAILED: 1,
} as const

/** One of the reasons why Bibby does not start. */
export type StartCode = keyof typeof startCodes

/** Bibby could not start, or could not go on. The message is one sentence or two for the operator. */
export class StartError extends Error {
  override readonly name = 'StartError'
  readonly code: StartCode
  readonly exitCode: number
  constructor(code: StartCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.exitCode = startCodes[code]
  }
}

/** The sentence for a disk without room. */
export function diskFull(folder: string, cause?: unknown): StartError {
  return new StartError(
    'BIBBY_DISK_FULL',
    `The disk that holds ${folder} is full. Make room (Bibby needs at least 200 MB to begin with) and start again.`,
    { cause },
  )
}

/** Whether the system said that a disk, or somebody's share of it, is full. */
export function isDiskFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(systemCode(error) ?? '')
}

/** The `code` of an error of the system, such as `EACCES`. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
