import { systemCode } from '../start-error.ts'

/** Why a backup or a restore ended, and the exit code of the command: 1 failed, 2 misuse, 3 refused. */
export const backupCodes = {
  BIBBY_BACKUP_FAILED: 1,
  BIBBY_BACKUP_DAMAGED: 1,
  BIBBY_BACKUP_OTHER_VERSION: 1,
  BIBBY_BACKUP_RUNNING: 3,
  BIBBY_BACKUP_UNKNOWN: 2,
  BIBBY_BACKUP_UNPROVEN: 3,
  BIBBY_RESTORE_REFUSED: 3,
} as const

/** One of these reasons. */
export type BackupCode = keyof typeof backupCodes

/** A backup or a restore could not be, or must not. The message says what, to what, and what to do. */
export class BackupError extends Error {
  override readonly name = 'BackupError'
  readonly code: BackupCode
  readonly exitCode: number
  constructor(code: BackupCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.exitCode = backupCodes[code]
  }
}

/** A fault on the way, with what it was about; a full disk is told as one. */
export function failed(what: string, error: unknown): BackupError {
  if (error instanceof BackupError) return error
  const code = systemCode(error)
  const said = error instanceof Error ? error.message : 'nothing said why'
  // PostgreSQL's SQLSTATE 53100, and what its log says.
  const isFull = code === 'ENOSPC' || code === 'EDQUOT' || code === '53100' || said.includes('No space left')
  return new BackupError(
    'BIBBY_BACKUP_FAILED',
    isFull || code === 'BIBBY_DISK_FULL'
      ? `${what} failed: the disk is full. Nothing of it counts. Make room there, or set BIBBY_BACKUP_FOLDER to a larger disk, and run bibby backup run.`
      : `${what} failed: ${said.trim().replace(/\.$/, '')}. Nothing of it counts. Mend that and run bibby backup run.`,
    { cause: error },
  )
}
