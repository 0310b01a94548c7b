import { inEnglish, type MessageId } from '../language/messages.ts'
import type { RefusalCode } from './refusal-codes.ts'

/** How a refusal is told: by HTTP status, by exit code of the command, and in words. */
export type Answer = Kind & {
  /** What is the matter, as one sentence. */
  readonly title: string
  /** What to do now, as one sentence. */
  readonly next: string
}

/** How a refusal is told to programs. */
type Kind = {
  readonly status: number
  /** 1 failed, 2 misuse, 3 refused: see the commands page. */
  readonly exit: 0 | 1 | 2 | 3
  /** Staff may go past it with a reason. */
  readonly overridable?: true
}

/** A thing that is not there. */
const missing: Kind = { status: 404, exit: 3 }
/** The library's rules say no. */
const ruled: Kind = { status: 409, exit: 3 }
/** The library's rules say no, and whoever may can go past them with a reason. */
const overridable: Kind = { ...ruled, overridable: true }
/** What was asked cannot be understood or does not fit. */
const misused = (status: number): Kind => ({ status, exit: 2 })
/** Who asks may not. */
const barred = (status: number): Kind => ({ status, exit: 3 })

/**
 * The one table of refusals. Its type is made of what each verb can say, so that none is left out; the words of each are
 * `refused.<code>` and `refused.<code>.next` among the messages.
 */
const kinds: Readonly<Record<RefusalCode, Kind>> = {
  'patron-unknown': missing,
  'patron-expired': overridable,
  'patron-blocked': overridable,
  'patron-owes': overridable,
  'card-taken': ruled,
  'patron-erased': ruled,
  'patron-merged': missing,
  'patron-same': ruled,
  'category-unknown': missing,
  'loan-limit': overridable,
  'no-loan-rule': ruled,
  'loan-unknown': missing,
  'renewal-limit': overridable,
  'hold-waits': overridable,
  'due-date-not-later': ruled,
  'copy-unknown': missing,
  'another-library': ruled,
  'code-unknown': missing,
  'after-unknown': ruled,
  'code-of-both': ruled,
  'code-unreadable': misused(400),
  'reason-is-code': misused(422),
  'moved-since': ruled,
  'lent-since': ruled,
  'scan-unknown': missing,
  'scan-settled': ruled,
  'copy-withdrawn': ruled,
  'copy-not-for-loan': overridable,
  'copy-on-loan': ruled,
  'copy-on-hold-shelf': overridable,
  'barcode-taken': ruled,
  'reason-missing': misused(422),
  'override-not-allowed': barred(403),
  'title-unknown': missing,
  'title-has-no-copies': ruled,
  'hold-limit': ruled,
  'already-on-hold': ruled,
  'already-on-loan': ruled,
  'hold-unknown': missing,
  'hold-captured': ruled,
  'hold-closed': ruled,
  'branch-unknown': missing,
  'item-type-unknown': missing,
  'nothing-owed': ruled,
  'more-than-owed': ruled,
  'day-not-closed': missing,
  'import-unknown': missing,
  'import-running': ruled,
  'undo-unknown': { status: 504, exit: 1 },
  'start-unknown': { status: 504, exit: 1 },
  'encoding-unknown': misused(422),
  'file-without-header': misused(422),
  'columns-missing': misused(422),
  'mapping-incomplete': misused(422),
  'mapping-pattern-unfit': misused(422),
  'code-taken': ruled,
  'login-taken': ruled,
  'staff-not-removed': ruled,
  'staff-unknown': missing,
  'last-operator': ruled,
  'own-account': ruled,
  'role-above-yours': barred(403),
  'control-number-taken': ruled,
  'cover-no-picture': misused(422),
  'cover-too-large': misused(413),
  'version-stale': ruled,
  'stock-take-unknown': missing,
  'stock-take-ended': ruled,
  'stock-take-open': ruled,
  'list-changed': ruled,
  'record-lines-unfit': misused(422),
  'record-number-changed': ruled,
  'record-unfit': misused(422),
  'reject-unknown': missing,
  'import-undone': ruled,
  'barcode-unreadable': misused(422),
  'fields-invalid': misused(422),
  'notice-not-dead': ruled,
  'notices-need-plan': ruled,
  'audit-running': ruled,
  'audit-broken': { status: 409, exit: 1 },
  'query-empty': misused(400),
  'query-too-long': misused(400),
  'query-control-character': misused(400),
  'too-broad': misused(422),
  'cursor-unknown': misused(400),
  'sign-in-wrong': barred(401),
  'password-wrong': barred(403),
  'sign-in-too-often': barred(429),
  'key-reused': misused(422),
  'verb-unknown': misused(422),
  'not-halted': ruled,
  'halt-changed': ruled,
  'phrase-wrong': misused(422),
  'operation-unknown': missing,
  'id-reused': misused(422),
  'nothing-found': ruled,
  'over-ceiling': ruled,
  'in-the-way': ruled,
  'under-floor': ruled,
  'set-changed': ruled,
  unhealthy: ruled,
  stopped: ruled,
  expired: ruled,
  'not-now': ruled,
  'not-the-requester': barred(403),
  'second-person-same': barred(403),
  'approval-missing': barred(403),
  'permission-gone': barred(403),
  'approved-already': ruled,
  'codes-used-up': barred(429),
  'code-not-sent': ruled,
  'code-wrong': barred(403),
  'code-expired': barred(403),
  'no-way-back': ruled,
  'changed-since': ruled,
  'request-invalid': misused(400),
  'request-timeout': misused(408),
  'not-signed-in': barred(401),
  'not-permitted': barred(403),
  'form-stale': barred(403),
  'not-found': missing,
  'method-not-allowed': misused(405),
  'not-acceptable': misused(406),
  'body-too-large': misused(413),
  'address-too-long': misused(414),
  'media-type-unknown': misused(415),
  'headers-too-large': misused(431),
  'too-many-requests': barred(429),
  overloaded: { status: 503, exit: 1 },
  'listeners-full': { status: 503, exit: 1 },
  'file-empty': misused(400),
  'upload-gone': missing,
}

/** All refusals with their words in English, as the API and the command tell them. */
export const answers = Object.fromEntries(
  Object.keys(kinds).map((code) => [code, inWords(code as RefusalCode)]),
) as Readonly<Record<RefusalCode, Answer>>

/** What to say about a refusal in English, whichever verb it came from. */
export function answerTo(code: string): Answer {
  return Object.hasOwn(answers, code)
    ? answers[code as RefusalCode]
    : { ...ruled, title: inEnglish('refused.other'), next: inEnglish('refused.other.next') }
}

/**
 * What to say about a refusal on a page. `mayOverride` leaves out whom to ask: who can go past it themselves is shown the
 * form for that.
 */
export function refusalIn(
  say: (id: MessageId) => string,
  code: string,
  { mayOverride = false }: { readonly mayOverride?: boolean } = {},
): Pick<Answer, 'title' | 'next'> {
  if (!Object.hasOwn(kinds, code)) return { title: say('refused.other'), next: say('refused.other.next') }
  const known = code as RefusalCode
  const asks = kinds[known].overridable && !mayOverride
  const next = [say(`refused.${known}.next`), asks ? say('refused.override') : '']
  return { title: say(`refused.${known}`), next: next.filter(Boolean).join(' ') }
}

function inWords(code: RefusalCode): Answer {
  return { ...kinds[code], ...refusalIn(inEnglish, code) }
}
