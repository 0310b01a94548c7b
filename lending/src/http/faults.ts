import { sqlState } from '../postgres/pool.ts'

/** How a fault is told: nothing was decided, so the caller may ask again, or must tell us. */
export type FaultAnswer = {
  readonly code: string
  readonly status: 500 | 503 | 504 | 507
  readonly title: string
  readonly next: string
  readonly retryAfterSeconds?: number
}

const again = 'Nothing was written. Ask again in a moment.'

const known: Readonly<Record<string, Omit<FaultAnswer, 'code'>>> = {
  BIBBY_DATABASE_UNREACHABLE: {
    status: 503,
    title: 'The library cannot reach its database.',
    next: again,
    retryAfterSeconds: 5,
  },
  BIBBY_CONNECTIONS_BUSY: {
    status: 503,
    title: 'Too much of this kind is asked of the database at once.',
    next: again,
    retryAfterSeconds: 5,
  },
  BIBBY_WRITES_STOPPED: {
    status: 503,
    title: 'Nothing can be written now.',
    next: 'Reading goes on. Ask again when writes are back.',
    retryAfterSeconds: 30,
  },
  BIBBY_VERB_HALTED: {
    status: 503,
    title: 'This kind of change is halted.',
    next: 'All else goes on. An operator looks at why, and lets it go on with bibby resume.',
    retryAfterSeconds: 60,
  },
  BIBBY_FAN_OUT: {
    status: 500,
    title: 'This would have changed far more than it may.',
    next: 'Nothing was written, and this kind of change is halted. Tell the operator.',
  },
  BIBBY_WRITE_LOST: {
    status: 503,
    title: 'The database went away before anything was written.',
    next: again,
    retryAfterSeconds: 1,
  },
  BIBBY_WRITE_CONTENDED: {
    status: 503,
    title: 'Too many wanted the same thing at once.',
    next: again,
    retryAfterSeconds: 1,
  },
  BIBBY_ASKER_LEFT: {
    status: 503,
    title: 'Nobody waited for this any more.',
    next: again,
  },
  BIBBY_OPERATION_UNSETTLED: {
    status: 504,
    title: 'It is not known whether this step was done.',
    next: 'Look at the operation: its state tells. Asking again does nothing twice.',
    retryAfterSeconds: 1,
  },
  BIBBY_STATEMENT_LIMIT: {
    status: 503,
    title: 'The database took too long and was stopped.',
    next: again,
    retryAfterSeconds: 5,
  },
  BIBBY_WORK_BUSY: {
    status: 503,
    title: 'As many files are worked on as may be.',
    next: again,
    retryAfterSeconds: 10,
  },
  BIBBY_WORK_LATE: {
    status: 503,
    title: 'This took too long and was ended.',
    next: 'What was written before is kept. Ask again when less goes on, or for less at once.',
    retryAfterSeconds: 60,
  },
  BIBBY_COVER_UNREAD: {
    status: 503,
    title: 'Pictures cannot be read now.',
    next: 'Nothing was changed. Ask again in a moment; if it stays, tell the operator.',
    retryAfterSeconds: 10,
  },
  BIBBY_CLOSING: {
    status: 503,
    title: 'This server is closing.',
    next: 'Ask again: another one answers.',
    retryAfterSeconds: 1,
  },
  BIBBY_DISK_FULL: {
    status: 507,
    title: 'There is no room on the disk for this.',
    next: 'Tell the operator. Nothing was written; ask again when there is room.',
  },
}

const inOurCode: FaultAnswer = {
  code: 'BIBBY_UNEXPECTED',
  status: 500,
  title: 'Something went wrong on our side.',
  next: 'Try again. If it stays, tell the operator the instance named here.',
}

/** What to say about a fault. What is not known is ours, and says nothing of what it was. */
export function faultAnswer(error: unknown): FaultAnswer {
  const code = faultCode(error)
  const answer = code === undefined ? undefined : known[code]
  return code !== undefined && answer ? { code, ...answer } : inOurCode
}

/** For a write whose commit was cut off: it may have landed. */
export const commitUnknown: FaultAnswer = {
  code: 'commit-unknown',
  status: 504,
  title: 'It is not known whether this was done.',
  next: 'Ask again with the same Idempotency-Key: it is done once, and you hear the outcome.',
  retryAfterSeconds: 1,
}

/** A stable code for what the database or the disk says in its own words. */
function faultCode(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  const state = sqlState(error)
  // A server that only reads: what writes without a journal row, as a sign-in does, meets it here.
  if (state === '25006') return 'BIBBY_WRITES_STOPPED'
  if (state === '57014') return 'BIBBY_STATEMENT_LIMIT'
  if (state === '53100') return 'BIBBY_DISK_FULL'
  if (state !== undefined && isConnectionCode(state)) return 'BIBBY_DATABASE_UNREACHABLE'
  const { code } = error as { code?: unknown }
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'BIBBY_DISK_FULL'
  if (code === 'FST_ERR_HANDLER_TIMEOUT') return 'BIBBY_STATEMENT_LIMIT'
  if (isSocketError(error, code)) return 'BIBBY_DATABASE_UNREACHABLE'
  return typeof code === 'string' ? code : undefined
}

function isConnectionCode(state: string): boolean {
  return state.startsWith('08') || state.startsWith('57P') || state === '53300'
}

/** What `pg` throws when its connection breaks in the middle of a statement. */
function isSocketError(error: Error, code: unknown): boolean {
  if (code === 'ECONNRESET' || code === 'ECONNREFUSED' || code === 'EPIPE' || code === 'ENOENT') return true
  return error.message.startsWith('Connection terminated') || error.message === 'Query read timeout'
}
