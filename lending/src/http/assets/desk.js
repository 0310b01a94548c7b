// Makes the desk faster than its scanner: scans are sent one after another, in order, while the field stays free
// for the next. What the library does not answer is kept on this device and handed in when it is back. Without this
// script each scan is a form of its own, and does the same.

import { dueNow, endsAt, handInAll, NotNow, namePage } from './hand-in.js'
import { fleeting, openKeptScans } from './kept-scans.js'
import { hasSound, setSound, sound } from './tones.js'

/** How long the library may take for one scan before it counts as out of reach. */
const answerMs = 10_000
/** How soon it is asked again after it was out of reach: at first, and at most. */
const againMs = { first: 2_000, most: 30_000 }
/** How long after an answer the address of the page is that of the desk. */
const addressMs = 300
const branchName = 'bibby-branch'
const loadedName = 'bibby-loaded-anew'

const field = () => document.querySelector('#scan')
const place = document.querySelector('#kept')
const words = JSON.parse(place.dataset.words)
const { meant, home } = place.dataset
let kept
/** Scans are taken in one after another, however fast they come; the first ones wait for the store. */
let taken = Promise.all([openKeptScans(), namePage(newKey())]).then(([store, name]) => {
  kept = store
  page = name
})
let page

/** Scans that are about to be sent, in order. */
const waiting = []
let busy = false
/** True while scans wait for somebody to look: see `hold`. */
let held = false
/**
 * Why scans are kept and not sent: `away`, `stopped`, `signed-out`; `handing-in` while those before them go in, `leaving`
 * on the way to another page. Undefined while the library answers.
 */
let apart = place.dataset.apart || undefined
let pauseMs = againMs.first
let timer
let comingBack
let addressTimer
/** What is due to be the address of this page. */
let addressDue

offerSound()
if ('serviceWorker' in navigator) {
  navigator.serviceWorker.register(place.dataset.worker, { scope: '/' }).catch(() => undefined)
}
taken = taken.then(firstLook).catch(() => undefined)

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-scan')) return
  event.preventDefault()
  const input = form.querySelector('#scan')
  const code = input.value.trim()
  input.value = ''
  taken = taken.then(() => scanned(form, code)).catch(() => tell('bad', words.lost))
})

async function scanned(form, code) {
  // An empty field means: the next patron. It waits for what was scanned before.
  const next = isNext(code)
  if (code === '' && meant !== 'lend') return
  if (apart) {
    const to = words.commands[code.toLowerCase()]
    if (to && !next) {
      if (endsAt(to)) await keep(anEnd(code))
      return location.assign(to)
    }
    await keep({ ...made(code, next, form), card: cardOfFirst(), isLeft: true })
    sound('attention')
    return apart === 'handing-in' || apart === 'leaving' ? undefined : tellKept()
  }
  // Where nothing waits it is for whom the page shows. Otherwise the scans before it say so: see `send`.
  const isFirst = waiting.length === 0 && !busy && meant === 'lend'
  const scan = await keep({ ...made(code, next, form), ...(isFirst && { card: cardNow() }) })
  // The library went away while this was written down.
  if (apart) {
    await kept.mark({ ...scan, card: scan.card ?? cardOfFirst(), isLeft: true })
    hasKept = true
    return apart === 'leaving' ? undefined : tellKept()
  }
  waiting.push({ scan, form: form.action })
  if (held) {
    sound('attention')
    return hold()
  }
  tellWaiting()
  sendAll()
}

/** Runs in turn with the scans: none of them is taken in meanwhile. */
function inTurn(work) {
  const done = taken.then(work)
  taken = done.catch(() => undefined)
  return done
}

/** What this page, or another one, had kept goes in before anything that is scanned now. */
async function firstLook() {
  rememberBranch()
  const all = await kept.all()
  const own = all.filter((scan) => scan.page === page)
  // The page was loaded anew before they were answered: nobody else sends them.
  for (const scan of own) if (!scan.isLeft) await kept.mark({ ...scan, isLeft: true })
  const due = await dueNow(kept)
  // A pile of returns, or a shelf, is nobody's.
  const isOfSomebody = (scan) => scan.page === page && (scan.meant === 'lend' || scan.next)
  const isFollowed = own.some(isOfSomebody)
    ? due.some(isOfSomebody)
    : (await kept.contextOf(page)) !== undefined
  hasKept = isFollowed && goesOn()
  if (due.length > 0 || hasKept) apart ??= 'handing-in'
  void comeBack()
}

/** A page that was opened for somebody is theirs, whoever stood at the desk before. */
function goesOn() {
  const [{ type } = {}] = performance.getEntriesByType('navigation')
  return type === 'reload' || cardNow() === ''
}

/** The empty desk knows nobody, and still stands at a branch. */
function rememberBranch() {
  try {
    if (place.dataset.branch) localStorage.setItem(branchName, place.dataset.branch)
    else place.dataset.branch = localStorage.getItem(branchName) ?? ''
  } catch {
    // A browser that keeps nothing: then it is the branch of whoever hands in.
  }
}

/** Writes a scan down; where the device takes nothing any more, it lives as long as the page. */
async function keep(scan) {
  try {
    return await kept.add(scan)
  } catch {
    kept = fleeting()
    return kept.add(scan)
  }
}

/** Whether what is kept next follows what this page has kept before. */
let hasKept = false
/** Who stands at the desk once a command leads away from this page. */
let cardAfter

/** The first scan that a page keeps is for whom it shows; the others follow it. */
function cardOfFirst() {
  const card = meant !== 'lend' || hasKept ? undefined : (cardAfter ?? cardNow())
  hasKept = true
  return card
}

function made(code, next, form) {
  const { pathname } = new URL(form.action)
  const { by, branch } = place.dataset
  return { key: newKey(), code, meant, next, at: Date.now(), page, to: pathname, by, branch }
}

/** Behind it stands nobody: kept among the scans, and never sent. */
function anEnd(code = '') {
  return { ...made(code, true, document.querySelector('form[data-scan]')), isLeft: true }
}

function isNext(code) {
  return meant === 'lend' && (code === '' || words.next.includes(code.toLowerCase()))
}

async function sendAll() {
  if (busy) return
  busy = true
  try {
    await sendWaiting()
  } finally {
    busy = false
  }
}

async function sendWaiting() {
  while (waiting.length > 0 && !apart) {
    const [{ scan, form }] = waiting
    let outcome
    try {
      outcome = await send(scan, form)
    } catch (error) {
      await goApart(error instanceof NotNow ? error.why : 'away')
      break
    }
    waiting.shift()
    // One that stays is handed in again under its key, and is not done twice.
    await kept.settle(scan, standsAfter(outcome, scan)).catch(() => undefined)
    if (outcome.to) return leave(outcome.to)
    sound(outcome.tone)
    if (!outcome.isKnown && waiting.length > 0) {
      hold()
      break
    }
    tellWaiting()
  }
}

/** Who stands at the desk from there on: nobody after a command that leads to another desk. */
function standsAfter({ to, isKnown }, { code }) {
  if (meant !== 'lend') return undefined
  if (endsAt(to)) return { card: '' }
  return isKnown ? { card: cardNow() } : { card: cardNow(), afterUnknown: code }
}

/** Goes to another page; what was scanned meanwhile is handed in from there. */
async function leave(to) {
  apart = 'leaving'
  // Somebody stays after all, or the other page does not come.
  setTimeout(stay, answerMs)
  cardAfter = endsAt(to) ? '' : cardNow()
  await leaveAll()
  writeAddress()
  location.assign(to)
}

/** What waits is handed in later, in its order; where the device takes nothing any more, by this page. */
async function leaveAll() {
  const left = waiting
    .splice(0)
    .map(({ scan }) => ({ ...scan, card: scan.card ?? cardOfFirst(), isLeft: true }))
  try {
    for (const scan of left) await kept.mark(scan)
  } catch {
    kept = fleeting()
    for (const scan of left) await kept.add(scan)
  }
}

function stay() {
  if (apart !== 'leaving') return
  apart = 'handing-in'
  cardAfter = undefined
  void comeBack()
}

function cardNow() {
  return document.querySelector('form[data-scan] [name="card"]')?.value ?? ''
}

// The page knows who stands at the desk now; it may be somebody else than when this was scanned. A scan that is sent
// again is sent for whom it was sent first.
async function send(scan, action) {
  if (scan.card === undefined && meant === 'lend') {
    scan.card = cardNow()
    await kept.mark(scan)
  }
  const fields = new URLSearchParams({
    _csrf: document.querySelector('form[data-scan] [name="_csrf"]')?.value ?? '',
    key: scan.key,
    card: scan.card ?? '',
    code: scan.code,
  })
  const answer = await fetch(action, {
    method: 'POST',
    body: fields,
    headers: { 'x-bibby-desk': 'live' },
    signal: AbortSignal.timeout(answerMs),
  })
  if (new URL(answer.url).pathname === '/sign-in') throw new NotNow('signed-out')
  if (answer.status === 429 || answer.status >= 500) throw new NotNow('away')
  const to = answer.headers.get('x-bibby-go')
  if (to) return { isKnown: true, to }
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = read.querySelector('#desk')
  // The form of an older page, or nothing that could be read: it is handed in with a fresh one, under its key.
  if (!desk) throw new NotNow('away')
  show(desk)
  // At the lending desk what is not known may have been the next card.
  return { isKnown: answer.status !== 404 || meant !== 'lend' || !scan.card, tone: desk.dataset.outcome }
}

// Everything but the field that somebody may be typing in is replaced.
function show(desk) {
  const now = document.querySelector('#desk')
  const typed = field()?.value ?? ''
  const hadFocus = document.activeElement === field()
  now.dataset.outcome = desk.dataset.outcome ?? ''
  if (!fill(now, desk)) now.replaceChildren(...desk.childNodes)
  if (desk.dataset.address) loadAgainAt(desk.dataset.address)
  const input = field()
  if (!input) return
  input.value = typed
  const asksBack = document.querySelector('#answer input[name="reason"]')
  if (hadFocus || !asksBack) input.focus()
}

/** What is read out stays in its place and is filled there: a new element would not be heard. */
function fill(now, desk) {
  const [from, to] = [now, desk].map((each) => [
    each.querySelector('#answer'),
    each.querySelector('#waiting'),
  ])
  if ([...from, ...to].includes(null) || from[0].nextElementSibling !== from[1]) return false
  const before = [...desk.children].slice(0, [...desk.children].indexOf(to[0]))
  const behind = [...desk.children].slice([...desk.children].indexOf(to[1]) + 1)
  for (const each of [...now.children]) if (!from.includes(each)) each.remove()
  for (const [nth, each] of from.entries()) each.replaceChildren(...to[nth].childNodes)
  now.prepend(...before)
  now.append(...behind)
  return true
}

/** The address follows the desk a moment later: for a browser it is as much work as the rest of an answer. */
function loadAgainAt(address) {
  addressDue = address
  addressTimer ??= setTimeout(writeAddress, addressMs)
}

function writeAddress() {
  clearTimeout(addressTimer)
  addressTimer = undefined
  if (addressDue) history.replaceState(null, '', addressDue)
  addressDue = undefined
}

function tellWaiting() {
  const at = document.querySelector('#waiting')
  if (at) at.textContent = waiting.length > 1 ? filled(words.onTheirWay, { count: waiting.length }) : ''
}

/** What was scanned after something unknown waits until somebody has said whose it is. */
function hold() {
  held = true
  const at = document.querySelector('#waiting')
  if (!at) return
  at.textContent = `${filled(words.notKnown, { codes: waiting.map(({ scan }) => scan.code).join(', ') })} `
  offer(at, words.goOn, () => {
    if (busy) return
    held = false
    tellWaiting()
    return sendAll()
  })
  offer(at, words.drop, async () => {
    if (busy) return
    held = false
    for (const { scan } of waiting.splice(0)) await kept.settle(scan)
    tellWaiting()
  })
}

function offer(at, label, choose) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button small'
  button.textContent = label
  button.addEventListener('click', () => {
    field()?.focus()
    choose()
  })
  at.append(button, ' ')
  if (place.contains(button)) takeFocus(button)
}

/** The kind of element in the notice that had the focus when the notice was told anew. */
let successor

function takeFocus(element) {
  if (element.tagName !== successor) return
  successor = undefined
  if (!field()?.value) element.focus()
}

// ---- Apart from the library ----

async function goApart(why) {
  apart = why
  askAgain()
  // What is kept from now on follows these: one of them may be a card.
  hasKept ||= waiting.length > 0
  await leaveAll()
  tellWaiting()
  sound('attention')
  await tellKept()
}

function askAgain() {
  clearTimeout(timer)
  timer = setTimeout(comeBack, pauseMs)
  pauseMs = Math.min(pauseMs * 2, againMs.most)
}

/** Hands in what this device has kept, if the library can be asked; otherwise tries again later. Once at a time. */
function comeBack() {
  clearTimeout(timer)
  comingBack ??= tryToComeBack().finally(() => {
    comingBack = undefined
  })
  return comingBack
}

/** Asked by a person: after an attempt that is under way there is another one at once. */
async function comeBackNow() {
  pauseMs = againMs.first
  await comingBack
  for (const scan of await kept.all()) if (scan.faults) await kept.mark({ ...scan, faults: 0 })
  await comeBack()
}

async function tryToComeBack() {
  // Opened by its own address, the empty desk only keeps: what it stands for hands in.
  if (location.pathname === '/desk/offline') return
  const wasApart = apart !== undefined && apart !== 'handing-in'
  try {
    const isDue = await inTurn(async () => {
      if (!apart && (await kept.all()).length === 0) return false
      // What is on its way goes first.
      if (!apart && (busy || waiting.length > 0)) {
        askAgain()
        return false
      }
      // What is scanned meanwhile comes behind what was kept before.
      apart ??= 'handing-in'
      return apart !== 'leaving'
    })
    if (!isDue) return
    const sum = await handInToTheLast(wasApart)
    if (!sum) return askAgain()
    pauseMs = againMs.first
    // What the page says of a library that is away, or only read, is not so any more.
    const isOutOfDate = place.matches('[data-shell], [data-stopped]')
    if (isOutOfDate && sum.done === 0 && sum.barred.size === 0 && !field()?.value && loadAnew()) return
    await tellHandedIn(sum, wasApart)
    // Without locks it is not known yet whether another page is about to send them.
    const isOthers = (scan) => scan.page !== page && !scan.faults
    if (!navigator.locks && (await kept.all()).some(isOthers)) askAgain()
  } catch (error) {
    apart = error instanceof NotNow ? error.why : 'away'
    askAgain()
    await tellKept()
  }
}

/**
 * Hands in until nothing is left, shows who stands at the desk then, and only when nothing was scanned meanwhile sends again
 * what is scanned. Undefined when it is not to be done now.
 */
async function handInToTheLast(wasApart) {
  const all = { done: 0, toLookAt: 0, barred: new Set() }
  for (;;) {
    const sum = await handInAll(kept, ({ done, of }) =>
      tell('plain', filled(words.handingIn, { done: all.done + done, of: all.done + of })),
    )
    // Another page of this device is at it, or the library can only be read yet.
    if (!sum || (wasApart && !(await isBack()))) return undefined
    all.done += sum.done
    all.toLookAt += sum.toLookAt
    for (const kind of sum.barred) all.barred.add(kind)
    const stands = hasKept && meant === 'lend' ? await kept.contextOf(page) : undefined
    if (wasApart || stands) await refresh(stands)
    const isOver = await inTurn(async () => {
      if ((await dueNow(kept, all)).length > 0) return false
      if (!(await kept.all()).some((scan) => scan.page === page)) await kept.forget(page)
      apart = undefined
      hasKept = false
      return true
    })
    if (isOver) return all
  }
}

/** Not again and again, where this very page fails and the library is there. */
function loadAnew() {
  const last = Number(sessionStorage.getItem(loadedName) ?? 0)
  if (Math.abs(Date.now() - last) < againMs.most) return false
  sessionStorage.setItem(loadedName, String(Date.now()))
  if (location.pathname === home) location.reload()
  else location.assign(home)
  return true
}

/** Whether the library takes scans: it answers, somebody is signed in, and writing goes on. */
async function isBack() {
  try {
    const answer = await fetch(home, { signal: AbortSignal.timeout(answerMs) })
    if (!answer.ok || new URL(answer.url).pathname === '/sign-in') return false
    const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
    return read.querySelector('[data-stopped]') === null
  } catch {
    return false
  }
}

/** The page as it is now: a token of today, what was done meanwhile, and who stands there; nobody behind an unknown code. */
async function refresh(stands) {
  const card = stands?.afterUnknown ? '' : (stands?.card ?? cardNow())
  const path = card ? `${home}?${new URLSearchParams({ card })}` : home
  const answer = await fetch(path, { signal: AbortSignal.timeout(answerMs) })
  const read = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = read.querySelector('#desk')
  if (!desk) throw new NotNow('away')
  desk.dataset.address = path
  show(desk)
}

async function tellKept(why = words[apart] ?? words.away) {
  const scans = (await kept.all()).filter(({ next }) => !next)
  tell('warn', why)
  if (!kept.isDurable) add('p', words.fleeting)
  if (apart === 'signed-out') addSignIn()
  if (scans.length === 0) return
  add('h3', filled(words.kept, { count: scans.length }))
  const list = add('ol', '')
  list.className = 'plain kept-list'
  for (const { code, at, faults } of scans.slice(-30)) {
    const line = document.createElement('li')
    const when = new Date(at).toLocaleTimeString(words.locale, { timeStyle: 'short' })
    const sign = document.createElement('bdi')
    sign.className = 'code'
    // On a device that others see, too: enough to tell one book of the pile from another.
    sign.textContent = code.length > 6 ? `…${code.slice(-4)}` : code
    line.append(sign, ` · ${when}${faults ? ` · ${words.faulty}` : ''}`)
    list.append(line)
  }
  offer(add('p', ''), words.again, comeBackNow)
}

async function tellHandedIn({ done, toLookAt, barred }, wasApart) {
  if (barred.size > 0) return tell('plain', words.notYours)
  const faulty = (await kept.all()).some(({ faults }) => faults)
  if (faulty) return tellKept(words.notTaken)
  if (done === 0) return tell('', '')
  tell(toLookAt > 0 ? 'warn' : 'good', filled(wasApart ? words.handedIn : words.caughtUp, { count: done }))
  sound(toLookAt > 0 ? 'attention' : 'done')
  if (toLookAt === 0) return
  const link = add('p', '').appendChild(document.createElement('a'))
  link.href = '/desk/kept'
  link.textContent = filled(words.toLookAt, { count: toLookAt })
}

function tell(tone, text) {
  // Whoever was on a link or a button here is so again when the next one of its kind is there.
  const { activeElement } = document
  if (place.contains(activeElement)) {
    successor = activeElement.tagName
    field()?.focus()
  }
  place.hidden = text === ''
  place.className = `notice ${tone}`
  const said = document.createElement('div')
  const head = document.createElement('h2')
  head.textContent = text
  said.append(head)
  const sign = document.createElement('span')
  sign.className = 'sign'
  sign.ariaHidden = 'true'
  sign.textContent = { warn: '!', good: '✓' }[tone] ?? 'i'
  place.replaceChildren(sign, said)
}

function add(name, text) {
  const made = document.createElement(name)
  made.textContent = text
  place.lastElementChild.append(made)
  return made
}

function addSignIn() {
  const link = add('p', '').appendChild(document.createElement('a'))
  link.href = `/sign-in?${new URLSearchParams({ kind: 'staff', to: home })}`
  link.textContent = words.signIn
  takeFocus(link)
}

// ---- The rest ----

function offerSound() {
  const at = document.querySelector('#desk-tools')
  if (!at) return
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'link-button small'
  const label = () => {
    button.textContent = hasSound() ? words.soundOff : words.soundOn
  }
  label()
  button.addEventListener('click', () => {
    setSound(!hasSound())
    label()
    sound('done')
    field()?.focus()
  })
  at.append(button)
}

function filled(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (_, name) => values[name])
}

function newKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('')
}

// A scanner types wherever the focus is. What it types outside of any field belongs into the scan field.
document.addEventListener('keydown', (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.key === ' ') return
  const { activeElement } = document
  if (activeElement && activeElement !== document.body && !activeElement.matches('a, button, summary')) return
  field()?.focus()
})

// Whoever comes back, or loads the page anew, finds the desk that was open.
document.addEventListener('click', goByLink, true)

/** Whoever follows a link away from the desk has done with whom it shows, also while scans for them are on their way. */
function goByLink(event) {
  writeAddress()
  const link = event.target.closest?.('a[href]')
  const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey
  if (!link || !isPlain || link.target || link.getAttribute('href').startsWith('#')) return
  if (!hasKept && !busy && waiting.length === 0) return
  event.preventDefault()
  inTurn(() => keep(anEnd())).finally(() => location.assign(link.href))
}

// Leaving with scans that are kept nowhere else would lose them.
addEventListener('beforeunload', (event) => {
  writeAddress()
  if (waiting.length > 0 || kept?.wouldLose()) event.preventDefault()
})
