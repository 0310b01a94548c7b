import { inEnglish } from '../language/messages.ts'
import { sqlState } from '../postgres/pool.ts'

/** How a fault is told: nothing was decided, so the caller may ask again, or must tell us. */
export type FaultAnswer = {
  readonly code: string
  readonly status: 500 | 503 | 504 | 507
  readonly title: string
  readonly next: string
  readonly retryAfterSeconds?: number
}

/** Their words are `problem.<code>` and `problem.<code>.next` among the messages: a page says them in its language. */
const known = {
  BIBBY_DATABASE_UNREACHABLE: { status: 503, retryAfterSeconds: 5 },
  BIBBY_CONNECTIONS_BUSY: { status: 503, retryAfterSeconds: 5 },
  BIBBY_WRITES_STOPPED: { status: 503, retryAfterSeconds: 30 },
  BIBBY_VERB_HALTED: { status: 503, retryAfterSeconds: 60 },
  BIBBY_FAN_OUT: { status: 500 },
  BIBBY_WRITE_LOST: { status: 503, retryAfterSeconds: 1 },
  BIBBY_WRITE_CONTENDED: { status: 503, retryAfterSeconds: 1 },
  BIBBY_ASKER_LEFT: { status: 503 },
  BIBBY_OPERATION_UNSETTLED: { status: 504, retryAfterSeconds: 1 },
  BIBBY_STATEMENT_LIMIT: { status: 503, retryAfterSeconds: 5 },
  BIBBY_WORK_BUSY: { status: 503, retryAfterSeconds: 10 },
  BIBBY_WORK_LATE: { status: 503, retryAfterSeconds: 60 },
  BIBBY_COVER_UNREAD: { status: 503, retryAfterSeconds: 10 },
  BIBBY_CLOSING: { status: 503, retryAfterSeconds: 1 },
  BIBBY_DISK_FULL: { status: 507 },
  BIBBY_UNEXPECTED: { status: 500 },
  'commit-unknown': { status: 504, retryAfterSeconds: 1 },
} as const satisfies Readonly<Record<string, Pick<FaultAnswer, 'status' | 'retryAfterSeconds'>>>

/** What to say about a fault, in English. What is not known is ours, and says nothing of what it was. */
export function faultAnswer(error: unknown): FaultAnswer {
  const code = faultCode(error)
  return answered(code !== undefined && isKnown(code) ? code : 'BIBBY_UNEXPECTED')
}

/** For a write whose commit was cut off: it may have landed. */
export const commitUnknown: FaultAnswer = answered('commit-unknown')

function isKnown(code: string): code is keyof typeof known {
  return Object.hasOwn(known, code)
}

function answered(code: keyof typeof known): FaultAnswer {
  return {
    code,
    title: inEnglish(`problem.${code}`),
    next: inEnglish(`problem.${code}.next`),
    ...known[code],
  }
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
