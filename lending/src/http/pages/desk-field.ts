import type { Meant } from '../../circulation/kept-scan.ts'
import { may } from '../../staff/permission.ts'
import { address } from './address.ts'
import { deskWorker } from './asset.ts'
import { commandCodes, commandOf, commands } from './desk-command.ts'
import { carried, hidden } from './form.ts'
import { type Html, html } from './html.ts'
import { notice } from './notice.ts'
import type { Visit } from './visit.ts'

/** The form around the one field that a scanner types into. It is focused on arrival, with script and without. */
export function scanForm(
  visit: Visit,
  form: {
    readonly action: string
    /** Of the field. */
    readonly name: string
    readonly label: string
    readonly button: string
    readonly hint?: string
    readonly fields?: Html
  },
): Html {
  return html`<form class="scan" method="post" action="${form.action}" data-scan><div class="inline-form">
    ${hidden(visit)}${form.fields}
    <div class="field">
      <label for="scan">${form.label}</label>
      <input id="scan" name="${form.name}" maxlength="64" autofocus autocomplete="off" autocapitalize="off"
        spellcheck="false" enterkeyhint="go" dir="ltr"${form.hint && html` aria-describedby="scan-hint"`}>
    </div>
    <button class="button">${form.button}</button>
  </div>
  ${form.hint && html`<p class="hint soft small" id="scan-hint">${form.hint}</p>`}</form>`
}

/** The field of the desk: for whoever's card is open, or for the next one. */
export function deskScan(visit: Visit, card = ''): Html {
  const { say } = visit
  return scanForm(visit, {
    action: '/desk/scan',
    name: 'code',
    label: say(card ? 'desk.scan-books' : 'desk.scan-card'),
    button: say(card ? 'desk.lend' : 'desk.open'),
    hint: say(card ? 'desk.next-hint' : 'desk.scan-hint'),
    fields: carried('card', card),
  })
}

/** The field at the pile of returns. */
export function checkInScan(visit: Visit): Html {
  const { say } = visit
  return scanForm(visit, {
    action: '/check-in',
    name: 'code',
    label: say('check-in.scan'),
    button: say('check-in.button'),
  })
}

/**
 * The field of the desk on a page that a command leads to: who works with the scanner alone goes on from there, and the desk
 * answers. With its script what is scanned there goes past nothing that was scanned before.
 */
export function scanBeside(
  visit: Visit,
  { meant, libraryId, card }: { readonly meant: Meant; readonly libraryId: string; readonly card?: string },
): Html | undefined {
  const { who, say } = visit
  if (!who || !may(who, meant)) return undefined
  const isReturn = meant === 'take-back'
  const home = isReturn ? '/check-in' : '/desk'
  const signIn = address('/sign-in', { kind: 'staff', to: home })
  return html`<div class="section stack no-print" data-beside data-meant="${meant}" data-home="${home}" data-library="${libraryId}" data-by="${who.actor}" data-branch="${who.branchId}">
    ${isReturn ? checkInScan(visit) : deskScan(visit, card)}
    <div data-told="cut" hidden>${notice(visit, 'bad', { title: say('kept.cut') })}</div>
    <div data-told="lost" hidden>${notice(visit, 'bad', { title: say('kept.lost') })}</div>
    <div data-told="not-yours" hidden>${notice(visit, 'warn', { title: say('kept.not-yours') })}</div>
    <div data-told="signed-out" hidden>${notice(visit, 'warn', {
      title: say('kept.signed-out'),
      body: html`<p><a href="${signIn}">${say('frame.sign-in')}</a></p>`,
    })}</div>
    <div data-told="away" hidden>${notice(visit, 'warn', { title: say('kept.away') })}</div>
  </div>`
}

/** Under an answer: what is on its way, and what was refused before. The desk’s script fills it. */
export const underAnswer: Html = html`<p class="waiting soft" id="waiting" role="status"></p>
    <div id="refused" hidden></div>`

/**
 * Where the desk's script tells what this device has kept, and what it needs to know for that. `isShell`: the page was
 * kept for when the library cannot be reached.
 */
export function keptPlace(
  { say, stopped, who, language }: Visit,
  {
    meant,
    home,
    libraryId,
    isShell = false,
  }: {
    readonly meant: Meant | 'look-through'
    /** Where this desk is loaded anew: its forms are answered at other addresses too. */
    readonly home: string
    /** Which library this is: what is scanned here is handed in nowhere else. */
    readonly libraryId: string
    readonly isShell?: boolean
  },
): Html {
  const words = {
    away: say('kept.away'),
    stopped: say('kept.stopped'),
    beside: say('kept.beside'),
    slow: say('kept.slow'),
    'signed-out': say('kept.signed-out'),
    fleeting: say('kept.fleeting'),
    lost: say('kept.lost'),
    kept: say('kept.count', { count: '{count}' }),
    faulty: say('kept.faulty'),
    again: say('kept.again'),
    handingIn: say('kept.handing-in', { done: '{done}', of: '{of}' }),
    handedIn: say('kept.handed-in', { count: '{count}' }),
    caughtUp: say('kept.caught-up', { count: '{count}' }),
    toLookAt: say('kept.to-look-at', { count: '{count}' }),
    signIn: say('frame.sign-in'),
    onTheirWay: say('kept.on-their-way', { count: '{count}' }),
    notKnown: say('kept.not-known', { codes: '{codes}' }),
    nobodys: say('kept.nobodys', { codes: '{codes}' }),
    goOn: say('kept.go-on'),
    drop: say('kept.drop'),
    soundOn: say('desk.sound-on'),
    soundOff: say('desk.sound-off'),
    notTaken: say('kept.not-taken'),
    'not-yours': say('kept.not-yours'),
    halted: say('kept.halted'),
    othersHalted: say('kept.others-halted'),
    needsLibrary: say('kept.needs-library'),
    ofAnother: say('kept.of-another'),
    dropFaulty: say('kept.drop-faulty', { count: '{count}' }),
    scanAny: say('kept.scan'),
    cut: say('kept.cut'),
    refusedBefore: say('kept.refused-before', { count: '{count}' }),
    refusedMore: say('kept.refused-more', { count: '{count}' }),
    seenTo: say('kept.settle'),
    locale: language.locale,
    next: ['/next', '/lend', commandCodes.next.toLowerCase(), commandCodes.lend.toLowerCase()],
    commands: Object.fromEntries(
      commands.flatMap((name) =>
        [`/${name}`, commandCodes[name].toLowerCase()].map((code) => [code, commandOf(code, '') ?? '']),
      ),
    ),
  }
  const apart = isShell ? 'away' : stopped ? 'stopped' : ''
  return html`<section id="kept" class="notice" role="status" hidden data-meant="${meant}" data-home="${home}" data-worker="${deskWorker}"
    data-library="${libraryId}" data-apart="${apart}"${who && html` data-by="${who.actor}" data-branch="${who.branchId}"`}${stopped && html` data-stopped`}${isShell && html` data-shell`} data-words="${JSON.stringify(words)}"></section>`
}
