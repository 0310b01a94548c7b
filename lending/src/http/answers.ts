import type { RefusalCode } from './refusal-codes.ts'

/** How a refusal is told: by HTTP status, by exit code of the command, and in words on a page. */
export type Answer = {
  readonly status: number
  /** 1 failed, 2 misuse, 3 refused: see the commands page. */
  readonly exit: 0 | 1 | 2 | 3
  /** What is the matter, as one sentence. */
  readonly title: string
  /** What to do now, as one sentence. */
  readonly next: string
}

/** A thing that is not there. */
const missing = (title: string, next: string): Answer => ({ status: 404, exit: 3, title, next })
/** The library's rules say no. */
const ruled = (title: string, next: string): Answer => ({ status: 409, exit: 3, title, next })
/** What was asked cannot be understood or does not fit. */
const misused = (status: number, title: string, next: string): Answer => ({ status, exit: 2, title, next })
/** Who asks may not. */
const barred = (status: number, title: string, next: string): Answer => ({ status, exit: 3, title, next })

/** What is said to whoever cannot go past a rule themselves; a desk that can is shown the form for it instead. */
export const overrideAdvice = 'Ask a member of staff, who may go past it with a reason.'
const override = overrideAdvice
const scanAgain = 'Scan it again, or look it up in the catalogue.'
const readAgain = 'Read it again, look at what changed, and repeat your change on that.'
const chooseListed = 'Choose one from the list.'

/** The one table of refusals. Its type is made of what each verb can say, so that none is left without words. */
export const answers: Readonly<Record<RefusalCode, Answer>> = {
  'patron-unknown': missing('Nobody has this card.', 'Scan the card again, or look the patron up by name.'),
  'patron-expired': ruled('The card has expired.', `Extend the card. ${override}`),
  'patron-blocked': ruled('The patron is blocked.', `Settle what the block is about. ${override}`),
  'patron-owes': ruled('The patron owes too much.', `Take a payment. ${override}`),
  'card-taken': ruled('Another patron has this card number.', 'Give another card, or leave it empty.'),
  'patron-erased': ruled(
    'The patron with this card was erased.',
    'Give another card, or ask a manager to undo it: that brings the patron back.',
  ),
  'patron-merged': missing('This card was merged into another.', 'Go on with that card.'),
  'patron-same': ruled('Both cards are of the same record.', 'Give the card of the other record.'),
  'category-unknown': missing('There is no such patron category.', chooseListed),

  'loan-limit': ruled('The patron has as many loans as the rule allows.', `Take one back. ${override}`),
  'no-loan-rule': ruled('No loan rule fits.', 'Add a loan rule for this branch, category and item type.'),
  'loan-unknown': missing('There is no such open loan.', 'Look at the list of loans again.'),
  'renewal-limit': ruled('It was renewed as often as the rule allows.', `Bring it back. ${override}`),
  'hold-waits': ruled('Somebody waits for it.', `Bring it back by the due date. ${override}`),
  'due-date-not-later': ruled(
    'Renewing now would not make it due later.',
    'Renew it nearer to its due date.',
  ),

  'copy-unknown': missing('No copy has this barcode.', scanAgain),
  'copy-withdrawn': ruled('The copy was withdrawn.', 'Put it aside for the cataloguer.'),
  'copy-not-for-loan': ruled('The copy is not for loan.', `It may be read here. ${override}`),
  'copy-on-loan': ruled('The copy is on loan.', 'Check it in first; then lend it.'),
  'copy-on-hold-shelf': ruled(
    'The copy waits for another patron.',
    `Put it back on the hold shelf. ${override}`,
  ),
  'barcode-taken': ruled('Another copy has this barcode.', 'Give the copy another barcode.'),
  'reason-missing': misused(422, 'A reason is missing.', 'Say why, in a few words.'),
  'override-not-allowed': barred(
    403,
    'This cannot be overridden.',
    'Leave the override out, or ask a manager.',
  ),

  'title-unknown': missing('There is no such title.', 'Search for it again.'),
  'title-has-no-copies': ruled('The title has no copy that could come.', 'Choose another edition.'),
  'hold-limit': ruled('The patron has as many holds as the rule allows.', 'Cancel one first.'),
  'already-on-hold': ruled(
    'The patron waits for it already.',
    'Nothing to do: the place in the queue is kept.',
  ),
  'already-on-loan': ruled('The patron has it on loan.', 'Renew the loan instead.'),
  'hold-unknown': missing('There is no such hold.', 'Look at the list of holds again.'),
  'hold-captured': ruled(
    'A copy is on its way or on the shelf for this hold.',
    'Fetch it, or cancel the hold.',
  ),
  'hold-closed': ruled('The hold is over.', 'Place a new one.'),

  'branch-unknown': missing('There is no such branch.', chooseListed),
  'item-type-unknown': missing('There is no such item type.', chooseListed),
  'nothing-owed': ruled('Nothing is owed.', 'Look at the account again: it may have been paid already.'),
  'more-than-owed': ruled('That is more than is owed.', 'Take at most what is owed.'),
  'day-not-closed': missing('The branch is not closed on that day.', 'Look at its closed days.'),
  'import-unknown': missing('There is no such import.', 'Look at the list of imports.'),
  'import-running': ruled('The import is still running.', 'Wait until it has ended.'),
  'undo-unknown': {
    ...ruled('It is not known how far this was undone.', 'Undo it again.'),
    status: 504,
    exit: 1,
  },
  'start-unknown': {
    ...ruled(
      'It is not known whether the import was added.',
      'Look at the list of imports before you bring it again.',
    ),
    status: 504,
    exit: 1,
  },
  'encoding-unknown': misused(422, 'This encoding is not known.', 'Leave it out, or name another.'),
  'file-without-header': misused(422, 'The file has no header row.', 'Put the names of the columns on top.'),
  'columns-missing': misused(422, 'Columns are missing.', 'Add the columns that are named, or name them so.'),
  'mapping-incomplete': misused(422, 'The columns are not all told.', 'Say which column is what.'),
  'mapping-pattern-unfit': misused(
    422,
    'A pattern of the mapping is not taken.',
    'Mend the patterns that are named.',
  ),
  'code-taken': ruled('This code is taken.', 'Choose another code.'),
  'login-taken': ruled(
    'This login is taken, now or before.',
    'Choose another login, or bring the account back if it was removed.',
  ),
  'staff-not-removed': ruled('This account was not removed.', 'Nothing needs to be done.'),
  'staff-unknown': missing('Nobody works here under this login.', 'Look at the list of staff.'),
  'last-operator': ruled('The last operator stays one.', 'Add another operator first.'),
  'own-account': ruled('You cannot remove yourself.', 'Ask a colleague who may, or an operator.'),
  'role-above-yours': barred(403, 'This account or role stands above yours.', 'Ask an operator.'),
  'control-number-taken': ruled('Another title has this control number.', 'Edit that title instead.'),
  'version-stale': ruled('Somebody changed it meanwhile.', readAgain),
  'fields-invalid': misused(422, 'Some fields do not fit.', 'Mend the fields that are named.'),

  'notice-not-dead': ruled('None of these notices is dead.', 'Look at the list again.'),
  'notices-need-plan': ruled(
    'In production, turning notices on is planned and confirmed first.',
    'Plan it: bibby notices on, or POST /api/v1/operations/turn-notices-on.',
  ),

  'audit-running': ruled('The audit chain is being verified already.', 'Wait until that has ended.'),
  'audit-broken': {
    ...ruled(
      'The journal is not as it was written.',
      'Keep the database and the data folder as they are, and read docs/concepts/audit.md.',
    ),
    exit: 1,
  },

  'query-empty': misused(400, 'There is nothing to search for.', 'Type a word of the title or an author.'),
  'query-too-long': misused(400, 'The search is too long.', 'Use at most 100 characters.'),
  'query-control-character': misused(400, 'The search holds a control character.', 'Type it by hand.'),
  'too-broad': misused(
    422,
    'The search is too broad.',
    'Add a word; if it is narrow already, try again soon.',
  ),
  'cursor-unknown': misused(400, 'This place in the list is not known.', 'Start the search again.'),

  'sign-in-wrong': barred(401, 'The name or the password is wrong.', 'Type both again.'),
  'password-wrong': barred(
    403,
    'The current password is wrong.',
    'Type it again. Who no longer knows it asks a member of staff for a new one.',
  ),
  'sign-in-too-often': barred(429, 'Too many wrong passwords.', 'Wait some minutes, then try again.'),
  'key-reused': misused(422, 'The key was used for another request.', 'Make a new Idempotency-Key.'),

  'verb-unknown': misused(422, 'There is no such verb.', 'Look at how the journal names it, such as lend.'),
  'not-halted': ruled('That is not halted.', 'Nothing needs to be done.'),
  'halt-changed': ruled('It was halted anew meanwhile.', 'Look at why, and type the phrase of that halt.'),
  'phrase-wrong': misused(422, 'That is not the phrase.', 'Read what it tells, and type it as it stands.'),

  'operation-unknown': missing('There is no such operation.', 'Look at the list of operations.'),
  'id-reused': misused(422, 'This operation was planned before, as another.', 'Plan it under a new id.'),
  'nothing-found': ruled('Nothing fits what was asked.', 'Look at what was typed: no row was found.'),
  'over-ceiling': ruled('That is more than one operation may touch.', 'Ask for less, and do it in parts.'),
  'in-the-way': ruled(
    'Something stands in the way.',
    'Settle what is named, or leave it out, and plan again.',
  ),
  'under-floor': ruled(
    'Too little would be left.',
    'Look at what needs it; leave as much as that, and plan again.',
  ),
  'set-changed': ruled(
    'It is no longer what was planned.',
    'Look at what came, went or changed, and plan again.',
  ),
  unhealthy: ruled(
    'It was stopped, for something was not well.',
    'See to that; then undo it, or plan the rest.',
  ),
  stopped: ruled('It was stopped by hand.', 'Undo what was done, or plan the rest.'),
  expired: ruled('Its time is over.', 'Plan it again.'),
  'not-now': ruled('That cannot be done in this state.', 'Look at the operation: its state tells what can.'),
  'not-the-requester': barred(403, 'Somebody else asked for it.', 'Who planned it confirms it.'),
  'second-person-same': barred(403, 'The second person is another person.', 'Ask a colleague to approve it.'),
  'approval-missing': barred(403, 'A second person must approve it first.', 'Ask a colleague to approve it.'),
  'permission-gone': barred(
    403,
    'Who planned it or approved it may do so no longer.',
    'Drop it, and have it planned anew by somebody who may.',
  ),
  'approved-already': ruled('It was approved before.', 'Nothing needs to be done.'),
  'codes-used-up': barred(429, 'No more codes are sent for this operation.', 'Plan it again.'),
  'code-not-sent': ruled('The code could not be sent.', 'See to what is named; then ask for a code again.'),
  'code-wrong': barred(403, 'That is not the code.', 'Type the code of the last message.'),
  'code-expired': barred(403, 'The code is too old.', 'Ask for a new one.'),
  'no-way-back': ruled('It cannot be undone any more.', 'What it took is gone; a backup may still have it.'),
  'changed-since': ruled(
    'Some of it was changed since.',
    'Look at what is named; undo it and leave those as they are, or see to them first.',
  ),

  'request-invalid': misused(400, 'The request does not fit.', 'Mend what is named, and ask again.'),
  'request-timeout': misused(408, 'The request did not arrive in time.', 'Send it again.'),
  'not-signed-in': barred(401, 'This needs a sign-in.', 'Sign in, and ask again.'),
  'not-permitted': barred(403, 'You may not do this.', 'Ask somebody who may.'),
  'form-stale': barred(403, 'The form is out of date.', 'Load the page again, and send it again.'),
  'not-found': missing('There is nothing here.', 'Look at /api/docs for what there is.'),
  'method-not-allowed': misused(405, 'This address knows no such method.', 'Use one of the allowed methods.'),
  'not-acceptable': misused(406, 'No such form of answer.', 'Ask for application/json.'),
  'body-too-large': misused(413, 'The request is too large.', 'Send less at once.'),
  'address-too-long': misused(414, 'The address is too long.', 'Shorten it.'),
  'media-type-unknown': misused(415, 'This kind of content is not understood.', 'Send application/json.'),
  'headers-too-large': misused(431, 'The headers are too large.', 'Send fewer or shorter headers.'),
  'too-many-requests': barred(429, 'Too many requests.', 'Wait as long as Retry-After says.'),
  overloaded: {
    status: 503,
    exit: 1,
    title: 'Too much is asked at once.',
    next: 'Nothing was done. Ask again in a moment; the desks go first.',
  },
  'file-empty': misused(400, 'The file is empty.', 'Choose the file again.'),
}

/** What to say about a refusal, whichever verb it came from. */
export function answerTo(code: string): Answer {
  return (
    (answers as Readonly<Record<string, Answer>>)[code] ?? ruled('The library refuses this.', 'Ask staff.')
  )
}
