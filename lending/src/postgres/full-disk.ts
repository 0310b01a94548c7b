import { diskFull, isDiskFull, StartError } from '../start-error.ts'
import { sqlState } from './pool.ts'

/** SQLSTATE of PostgreSQL: disk full. */
const diskFullState = '53100'

/**
 * What a start that met a full disk says, whether PostgreSQL met it or we; undefined for any other fault. `folder` is
 * the data folder, which holds the database too when the server is ours.
 */
export function asDiskFull(
  error: unknown,
  { folder, isServerOurs }: { readonly folder: string; readonly isServerOurs: boolean },
): StartError | undefined {
  if (isDiskFull(error)) return diskFull(folder, error)
  if (sqlState(error) !== diskFullState) return undefined
  if (isServerOurs) return diskFull(folder, error)
  return new StartError(
    'BIBBY_DISK_FULL',
    'The disk of the PostgreSQL of BIBBY_DATABASE_URL is full. Make room there and start again.',
    { cause: error },
  )
}
