import { localDay } from '../circulation/open-days.ts'

/** What a sentence is made of: an entry of the journal, as far as it matters. */
export type Described = {
  readonly action: string
  readonly outcome: 'done' | 'refused'
  readonly answer: Readonly<Record<string, unknown>> | null
  /** Of the branch whose wall calendar its days are told by. */
  readonly timeZone: string
}

/**
 * What happened, as a sentence without its subject: `Lent “Emma” (B-12) to Ada Reader, due 2026-03-30.` An action
 * that has no sentence of its own is named; one whose people were forgotten says so.
 */
export function describe({ action, outcome, answer, timeZone }: Described): string {
  const name = sentenceCase(action.replaceAll('-', ' '))
  if (outcome === 'refused') {
    const code = answer?.refused
    return `${name}: refused${typeof code === 'string' ? ` (${code.replaceAll('-', ' ')})` : ''}.`
  }
  if (!answer) return `${name}; for whom is forgotten.`
  const sentence = Object.hasOwn(sentences, action) ? sentences[action] : undefined
  return sentence ? sentence(reader(answer, timeZone)) : `${name}.`
}

/** Reads an answer of long ago, which may have other fields than those of today. */
type Reader = {
  readonly text: (name: string) => string
  /** An instant as the day there; a day as it is. */
  readonly day: (name: string) => string
  readonly money: (name: string) => string
  readonly count: (name: string) => number
  readonly inside: (name: string) => Reader
  readonly overridden: string
}

type Sentence = (answer: Reader) => string

const work = (a: Reader) => `“${a.text('title')}”${a.text('barcode') && ` (${a.text('barcode')})`}`

const sentences: Readonly<Record<string, Sentence>> = {
  lend: (a) => `Lent ${work(a)} to ${a.text('patronName')}, due ${a.day('dueAt')}${a.overridden}.`,
  'take-back': (a) =>
    `Took back ${work(a)}${a.text('patronName') && ` from ${a.text('patronName')}`}${
      a.count('fineCents') > 0 ? `, fine ${a.money('fineCents')}` : ''
    }${whereTo[a.inside('next').text('to')] ?? ''}.`,
  renew: (a) => `Renewed ${work(a)} until ${a.day('dueAt')}${a.overridden}.`,
  'place-hold': (a) => `Placed a hold, number ${a.count('position')} in the queue.`,
  'cancel-hold': () => 'Cancelled a hold.',
  'expire-hold': () => 'Ended a hold that nobody fetched.',
  'register-patron': (a) => `Registered the patron with card ${a.text('card')}.`,
  'edit-patron': (a) => `Edited the patron with card ${a.text('card')}.`,
  'import-patron': (a) =>
    `${a.count('version') > 1 ? 'Updated' : 'Registered'} the patron with card ${a.text('card')} by import.`,
  'block-patron': (a) => `Blocked the patron: ${a.text('blockedBecause')}.`,
  'unblock-patron': () => 'Lifted the patron’s block.',
  'extend-card': (a) => `Extended the card until ${a.text('expiresOn')}.`,
  'set-patron-password': () => 'Set the patron’s password.',
  'merge-patrons': (a) =>
    `Merged the patron with card ${a.text('mergedCard')} into card ${a.text('card')}: ` +
    `${a.count('openLoans')} open and ${a.count('returnedLoans')} returned loans, ${a.count('openHolds')} holds` +
    `${a.count('holdsGivenUp') > 0 ? ` (${a.count('holdsGivenUp')} given up, doubled)` : ''}, ` +
    `${a.money('fineCents')} owed.`,
  'forget-merged': (a) => `Emptied ${a.count('patrons')} records that were merged into others.`,
  'pay-fine': (a) => `Took a payment; ${a.money('owesCents')} is still owed.`,
  'waive-fine': (a) => `Waived a fine; ${a.money('owesCents')} is still owed.`,
  'add-staff': (a) => `Added ${a.text('login')} to the staff.`,
  'edit-staff': (a) => `Edited the account of ${a.text('login')}.`,
  'remove-staff': (a) => `Removed ${a.text('login')} from the staff.`,
  'restore-staff': (a) => `Brought ${a.text('login')} back to the staff.`,
  'set-staff-password': (a) => `Set the password of ${a.text('login')}.`,
  'set-own-password': () => 'Changed their own password.',
  'edit-library': (a) => `Changed the library’s settings; they are at version ${a.count('version')} now.`,
  'add-branch': (a) => `Added the branch ${a.text('code')}.`,
  'add-patron-category': (a) => `Added the patron category ${a.text('code')}.`,
  'add-item-type': (a) => `Added the item type ${a.text('code')}.`,
  'set-barcode-format': (a) =>
    `Settled that new barcodes at ${a.text('branch')} look like ${a.text('example') || 'anything'}.`,
  'set-card-format': (a) =>
    `Settled that new cards at ${a.text('branch')} look like ${a.text('example') || 'anything'}.`,
  'set-shelf-plan': (a) =>
    `Settled which call numbers stand on which shelf at ${a.text('branch')}: ${a.count('ranges')} ranges.`,
  'add-closed-day': (a) => `Closed a branch on ${a.text('day')}; ${a.count('loansMoved')} due dates moved.`,
  'remove-closed-day': (a) => `Opened a branch on ${a.text('day')} again.`,
  'set-loan-rule': (a) => `Set loan rule ${a.count('ruleId')}.`,
  'add-title': (a) => `Added title ${a.count('titleId')} to the catalogue.`,
  'edit-title': (a) => `Edited title ${a.count('titleId')}; it is at version ${a.count('version')} now.`,
  'add-copy': (a) => `Added copy ${a.count('copyId')} to title ${a.count('titleId')}.`,
  'edit-copy': (a) => `Edited copy ${a.count('copyId')}; it is at version ${a.count('version')} now.`,
  'add-import': (a) => `Asked for import ${a.count('changeSetId')}.`,
  'import-state': (a) =>
    `Import ${a.count('changeSetId')} ${importBecame[a.text('state')] ?? 'went another way'}.`,
  'import-batch': (a) =>
    `Import ${a.count('changeSetId')} took in ${a.count('read')} records: ${a.count('imported')} new, ` +
    `${a.count('updated')} changed, ${a.count('unchanged')} as they were, ${a.count('rejected')} set aside.`,
  'undo-import': (a) => `Took back ${a.count('undone')} titles of import ${a.count('changeSetId')}.`,
  'suspend-hold': (a) => `Suspended a hold${a.text('until') && ` until ${a.day('until')}`}.`,
  'resume-hold': () => 'Let a suspended hold go on.',
  'move-pickup': () => 'Settled at which branch a hold is fetched.',
  'set-keeps-history': () => 'Settled whether returned loans are remembered.',
  halt: (a) => `Halted ${a.text('verb') || 'all writes'}${a.text('reason') && `: ${a.text('reason')}`}.`,
  resume: (a) => `Let ${a.text('verb') || 'all writes'} go on, halted since ${a.text('haltedSince')}.`,
  'plan-operation': (a) =>
    `Planned to ${operation(a)}${a.text('to') === 'refused' ? ', which was refused' : ''}.`,
  'approve-operation': (a) => `Approved as a second person: ${operation(a)}.`,
  'send-operation-code': (a) => `Asked for a code to ${operation(a)}.`,
  'confirm-operation': (a) =>
    a.text('to') === 'executing' ? `Confirmed to ${operation(a)}.` : `Tried to confirm: ${operation(a)}.`,
  'run-operation': (a) =>
    `${a.text('to').startsWith('undo') ? 'Took back: ' : 'Did: '}${operation(a)}; it is ${a.text('to')}.`,
  'stop-operation': (a) => `Stopped: ${operation(a)}.`,
  'undo-operation': (a) => `Began to take back: ${operation(a)}.`,
  'forget-operation': (a) => `Forgot the rows of an operation that is over: ${operation(a)}.`,
  'cause-notices': (a) => `Caused ${a.count('caused')} ${a.text('kind').replaceAll('-', ' ')} notices.`,
  'resend-notices': (a) => `Sent ${a.count('notices')} dead notices again.`,
  'dismiss-notices': (a) => `Let ${a.count('notices')} dead notices be.`,
  'forget-notices': (a) => `Forgot whom ${a.count('notices')} notices were for.`,
  'set-notices': () => 'Turned notices on or off.',
  'edit-notices': (a) => `Changed when patrons are told; it is at version ${a.count('version')} now.`,
  'save-template': (a) => `Wrote the text of ${a.text('kind').replaceAll('-', ' ')} notices anew.`,
  'set-wanted-notices': () => 'Settled which notices are mailed.',
  'set-wants-receipts': () => 'Settled whether receipts are mailed.',
  'found-library': () => 'Founded the library.',
  'finish-founding': () => 'Finished founding the library.',
  'forget-history': (a) =>
    `Forgot on request who borrowed: ${a.count('loans')} loans and ${a.count('holds')} holds.`,
  forget: (a) => `Forgot who borrowed: ${a.count('loans')} loans and ${a.count('holds')} holds.`,
}

/** Every action that the journal can hold. */
export const actions: ReadonlySet<string> = new Set(Object.keys(sentences))

const operation = (a: Reader) =>
  `${a.text('name').replaceAll('-', ' ')} (${a.count('rows')} ${a.count('rows') === 1 ? 'row' : 'rows'})`

const importBecame: Readonly<Record<string, string>> = {
  running: 'began, or went on',
  waiting: 'stopped, to go on later',
  done: 'ended',
  failed: 'failed',
}

const whereTo: Readonly<Record<string, string>> = {
  shelf: '; back to the shelf',
  'hold-shelf': '; to the hold shelf',
  transit: '; to another branch',
  withdrawn: '; withdrawn',
}

function reader(answer: Readonly<Record<string, unknown>>, timeZone: string): Reader {
  const text = (name: string) => {
    const value = answer[name]
    return typeof value === 'string' ? value : ''
  }
  const count = (name: string) => {
    const value = answer[name]
    return typeof value === 'number' ? value : 0
  }
  const past = answer.overridden
  return {
    text,
    count,
    day: (name) => dayAt(text(name), timeZone),
    money: (name) => (count(name) / 100).toFixed(2),
    inside: (name) => {
      const value = answer[name]
      return reader(typeof value === 'object' && value !== null ? { ...value } : {}, timeZone)
    },
    overridden:
      Array.isArray(past) && past.length > 0 ? `, going past ${past.join(', ').replaceAll('-', ' ')}` : '',
  }
}

function dayAt(text: string, timeZone: string): string {
  const isInstant = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text))
  return isInstant ? localDay(new Date(text), timeZone) : text.slice(0, 10)
}

function sentenceCase(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
