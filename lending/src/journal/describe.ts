import { localDay } from '../circulation/open-days.ts'
import { isMessageId, type SayText } from '../language/messages.ts'
import { sentenceCase } from '../text.ts'

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
export function describe(say: SayText, { action, outcome, answer, timeZone }: Described): string {
  const name = sentenceCase(actionWords(say, action))
  if (outcome === 'refused') return refusedLine(say, name, answer?.refused)
  if (!answer) return say('journal.forgotten', { action: name })
  if (!isTold(action)) return say('journal.done', { action: name })
  return say(`journal.${action}`, facts[action](reader(say, answer, timeZone)))
}

/** An action by its name in words, as within a sentence: `place hold`. */
export function actionWords(say: SayText, action: string): string {
  return worded(say, `action.${action}`, action)
}

function refusedLine(say: SayText, action: string, code: unknown): string {
  if (typeof code !== 'string') return say('journal.refused', { action })
  return say('journal.refused-because', { action, code: codeWords(say, code) })
}

/** A refusal in two or three words. */
function codeWords(say: SayText, code: string): string {
  return worded(say, `code-words.${code}`, code)
}

/** A message where there is one of this name; else the name that it is about, with spaces. */
function worded(say: SayText, id: string, name: string): string {
  return isMessageId(id) ? say(id) : name.replaceAll('-', ' ')
}

/** Reads an answer of long ago, which may have other fields than those of today. */
type Reader = {
  readonly text: (name: string) => string
  /** An instant as the day there; a day as it is. */
  readonly day: (name: string) => string
  readonly money: (name: string) => string
  readonly count: (name: string) => number
  readonly yes: (name: string) => 'yes' | 'no'
  readonly inside: (name: string) => Reader
  /** What staff went past; `none` is nothing. */
  readonly past: string
  /** The title, and the copy where it is known. */
  readonly work: string
  readonly operation: string
  /** The kind of notices. */
  readonly kind: string
}

/** What the sentence of an action is filled with; the sentence is the message `journal.<action>`. */
const facts = {
  lend: (a) => ({ work: a.work, patronName: a.text('patronName'), due: a.day('dueAt'), past: a.past }),
  'take-back': (a) => ({
    work: a.work,
    patronName: a.text('patronName') || 'none',
    fine: a.count('fineCents') > 0 ? a.money('fineCents') : 'none',
    to: a.inside('next').text('to').replace('hold-shelf', 'holdShelf'),
  }),
  renew: (a) => ({ work: a.work, due: a.day('dueAt'), past: a.past }),
  'keep-scan': () => ({}),
  'settle-scan': () => ({}),
  'place-hold': (a) => ({ position: a.count('position') }),
  'cancel-hold': () => ({}),
  'expire-hold': () => ({}),
  'register-patron': (a) => ({ card: a.text('card') }),
  'edit-patron': (a) => ({ card: a.text('card') }),
  'import-patron': (a) => ({ card: a.text('card'), known: a.count('version') > 1 ? 'yes' : 'no' }),
  'block-patron': (a) => ({ blockedBecause: a.text('blockedBecause') }),
  'unblock-patron': () => ({}),
  'extend-card': (a) => ({ expiresOn: a.text('expiresOn') }),
  'set-patron-password': () => ({}),
  'merge-patrons': (a) => ({
    mergedCard: a.text('mergedCard'),
    card: a.text('card'),
    openLoans: a.count('openLoans'),
    returnedLoans: a.count('returnedLoans'),
    openHolds: a.count('openHolds'),
    holdsGivenUp: a.count('holdsGivenUp'),
    owed: a.money('fineCents'),
  }),
  'forget-merged': (a) => ({ patrons: a.count('patrons') }),
  'pay-fine': (a) => ({ owed: a.money('owesCents') }),
  'waive-fine': (a) => ({ owed: a.money('owesCents') }),
  'add-staff': (a) => ({ login: a.text('login') }),
  'edit-staff': (a) => ({ login: a.text('login') }),
  'remove-staff': (a) => ({ login: a.text('login') }),
  'restore-staff': (a) => ({ login: a.text('login') }),
  'set-staff-password': (a) => ({ login: a.text('login') }),
  'set-own-password': () => ({}),
  'edit-library': (a) => ({ version: a.count('version') }),
  'add-branch': (a) => ({ code: a.text('code') }),
  'add-patron-category': (a) => ({ code: a.text('code') }),
  'add-item-type': (a) => ({ code: a.text('code') }),
  'set-barcode-format': (a) => ({ branch: a.text('branch'), example: a.text('example') || 'none' }),
  'set-card-format': (a) => ({ branch: a.text('branch'), example: a.text('example') || 'none' }),
  'set-shelf-plan': (a) => ({ branch: a.text('branch'), ranges: a.count('ranges') }),
  'add-closed-day': (a) => ({ day: a.text('day'), loansMoved: a.count('loansMoved') }),
  'remove-closed-day': (a) => ({ day: a.text('day') }),
  'set-loan-rule': (a) => ({ ruleId: a.count('ruleId') }),
  'add-title': (a) => ({ titleId: a.count('titleId') }),
  'edit-title': (a) => ({ titleId: a.count('titleId'), version: a.count('version') }),
  'edit-record': (a) => ({ titleId: a.count('titleId'), version: a.count('version') }),
  'mend-reject': (a) => ({
    recordNumber: a.count('recordNumber'),
    changeSetId: a.count('changeSetId'),
    fate: a.text('fate'),
  }),
  'start-stock-take': (a) => ({
    branch: a.text('branch'),
    shelf: a.text('shelf'),
    joined: a.yes('isJoined'),
  }),
  'scan-shelf': (a) => ({
    barcode: a.text('barcode'),
    stockTakeId: a.count('stockTakeId'),
    found: a.text('found').replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase()),
  }),
  'end-stock-take': (a) => ({ stockTakeId: a.count('stockTakeId') }),
  'mark-missing': (a) => ({ copies: a.count('copies'), stockTakeId: a.count('stockTakeId') }),
  'mark-found': (a) => ({ copies: a.count('copies') }),
  'set-cover': (a) => ({ picture: a.text('kind') }),
  'add-copy': (a) => ({ copyId: a.count('copyId'), titleId: a.count('titleId') }),
  'edit-copy': (a) => ({ copyId: a.count('copyId'), version: a.count('version') }),
  'add-import': (a) => ({ changeSetId: a.count('changeSetId') }),
  'import-state': (a) => ({ changeSetId: a.count('changeSetId'), state: a.text('state') }),
  'import-batch': (a) => ({
    changeSetId: a.count('changeSetId'),
    read: a.count('read'),
    imported: a.count('imported'),
    updated: a.count('updated'),
    unchanged: a.count('unchanged'),
    rejected: a.count('rejected'),
  }),
  'undo-import': (a) => ({ undone: a.count('undone'), changeSetId: a.count('changeSetId') }),
  'suspend-hold': (a) => ({ until: a.day('until') || 'none' }),
  'resume-hold': () => ({}),
  'move-pickup': () => ({}),
  'forget-history': (a) => ({ loans: a.count('loans'), holds: a.count('holds') }),
  'set-keeps-history': () => ({}),
  halt: (a) => ({ verb: a.text('verb') || 'none', reason: a.text('reason') || 'none' }),
  resume: (a) => ({ verb: a.text('verb') || 'none', haltedSince: a.text('haltedSince') }),
  'plan-operation': (a) => ({ operation: a.operation, to: a.text('to') }),
  'approve-operation': (a) => ({ operation: a.operation }),
  'send-operation-code': (a) => ({ operation: a.operation }),
  'confirm-operation': (a) => ({ operation: a.operation, to: a.text('to') }),
  'run-operation': (a) => ({ operation: a.operation, to: a.text('to') }),
  'stop-operation': (a) => ({ operation: a.operation }),
  'undo-operation': (a) => ({ operation: a.operation }),
  'forget-operation': (a) => ({ operation: a.operation }),
  'cause-notices': (a) => ({ caused: a.count('caused'), kind: a.kind }),
  'resend-notices': (a) => ({ notices: a.count('notices') }),
  'dismiss-notices': (a) => ({ notices: a.count('notices') }),
  'forget-notices': (a) => ({ notices: a.count('notices') }),
  'set-notices': () => ({}),
  'edit-notices': (a) => ({ version: a.count('version') }),
  'save-template': (a) => ({ kind: a.kind }),
  'set-wants-receipts': () => ({}),
  'set-wanted-notices': () => ({}),
  'found-library': () => ({}),
  'finish-founding': () => ({}),
  forget: (a) => ({ loans: a.count('loans'), holds: a.count('holds') }),
} satisfies Readonly<Record<string, (answer: Reader) => Readonly<Record<string, string | number>>>>

type Told = keyof typeof facts

function isTold(action: string): action is Told {
  return Object.hasOwn(facts, action)
}

/** Every action that the journal can hold. */
export const actions: ReadonlySet<string> = new Set(Object.keys(facts))

function reader(say: SayText, answer: Readonly<Record<string, unknown>>, timeZone: string): Reader {
  const text = (name: string) => {
    const value = answer[name]
    return typeof value === 'string' ? value : ''
  }
  const count = (name: string) => {
    const value = answer[name]
    return typeof value === 'number' ? value : 0
  }
  return {
    text,
    count,
    yes: (name) => (answer[name] === true ? 'yes' : 'no'),
    day: (name) => dayAt(text(name), timeZone),
    money: (name) => (count(name) / 100).toFixed(2),
    inside: (name) => {
      const value = answer[name]
      return reader(say, typeof value === 'object' && value !== null ? { ...value } : {}, timeZone)
    },
    past: pastOf(say, answer.overridden),
    get work() {
      const barcode = text('barcode') || 'none'
      return say('journal.work', { title: text('title'), barcode })
    },
    get operation() {
      const name = worded(say, `operation-name.${text('name')}`, text('name'))
      return say('journal.operation', { name, rows: count('rows') })
    },
    get kind() {
      return worded(say, `journal.kind.${text('kind')}`, text('kind'))
    },
  }
}

function pastOf(say: SayText, overridden: unknown): string {
  if (!Array.isArray(overridden) || overridden.length === 0) return 'none'
  return overridden.map((code) => codeWords(say, String(code))).join(', ')
}

function dayAt(text: string, timeZone: string): string {
  const isInstant = /^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text))
  return isInstant ? localDay(new Date(text), timeZone) : text.slice(0, 10)
}
