// Makes the desk faster than its scanner: scans are sent one after another, in order, while the field stays free
// for the next. Without this script each scan is a form of its own, and does the same.

const field = () => document.querySelector('#scan')
const waiting = []
let busy = false
/** True while scans wait for somebody to look: see `hold`. */
let held = false

document.addEventListener('submit', (event) => {
  const form = event.target
  if (!(form instanceof HTMLFormElement) || !form.hasAttribute('data-scan')) return
  const input = form.querySelector('#scan')
  // An empty field means: the next patron. It waits for what was scanned before.
  if (input.value.trim() === '' && waiting.length === 0 && !busy && !held) return
  event.preventDefault()
  const fields = new URLSearchParams(new FormData(form))
  // The key in the form is for one scan; each further one gets its own.
  fields.set('key', newKey())
  waiting.push({ action: form.action, fields })
  input.value = ''
  if (held) return hold()
  tellWaiting()
  if (!busy) sendAll()
})

async function sendAll() {
  busy = true
  while (waiting.length > 0) {
    const [scan] = waiting
    try {
      const isKnown = await send(scan)
      waiting.shift()
      if (!isKnown && waiting.length > 0) {
        hold()
        break
      }
    } catch (error) {
      tellLost(error)
      break
    }
    tellWaiting()
  }
  busy = false
}

// False when a scan at the lending desk was of nothing that is known. It may have been the next patron's card: what
// was scanned after it must not go to whoever stood here before.
async function send({ action, fields }) {
  const answer = await deliver(action, fields)
  const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
  const desk = page.querySelector('#desk')
  if (answer.url.includes('/sign-in')) throw new Error('You are signed out. Sign in on another page first.')
  if (!desk) throw new Error(page.querySelector('h1')?.textContent ?? 'The library gave no answer.')
  show(desk)
  if (answer.redirected) history.replaceState(null, '', answer.url)
  return answer.status !== 404 || !action.endsWith('/desk/lend')
}

// The page knows who stands at the desk now; it may be somebody else than when this was scanned.
function deliver(action, fields) {
  const lends = new URL(action).pathname === '/desk/lend'
  const card = document.querySelector('form[data-scan] [name="card"]')
  if (lends && !card) return fetch(`/desk?${new URLSearchParams({ card: fields.get('barcode') })}`)
  if (card) fields.set('card', card.value)
  return fetch(action, { method: 'POST', body: fields })
}

// Everything but the field that somebody may be typing in is replaced.
function show(desk) {
  const now = document.querySelector('#desk')
  const typed = field()?.value ?? ''
  const hadFocus = document.activeElement === field()
  now.replaceChildren(...desk.childNodes)
  const input = field()
  if (!input) return
  input.value = typed
  const answer = document.querySelector('#answer')
  const asksBack = answer?.querySelector('input[name="reason"]')
  if (hadFocus || !asksBack) input.focus()
}

function tellWaiting() {
  const place = document.querySelector('#waiting')
  if (place) place.textContent = waiting.length > 1 ? `${waiting.length} scans are on their way …` : ''
}

function tellLost({ name, message }) {
  const why = name === 'TypeError' ? 'The library cannot be reached.' : message
  // The same keys: what arrived before is not done twice.
  tellKept(why, { 'Send them again': sendAll })
}

function hold() {
  held = true
  const goOn = () => {
    held = false
    sendAll()
  }
  const drop = () => {
    held = false
    waiting.length = 0
    tellWaiting()
  }
  tellKept('Not known. Was it the next card?', { 'Go on with them': goOn, 'Drop them': drop })
}

function tellKept(why, choices) {
  const place = document.querySelector('#waiting')
  if (!place) return
  const scans = waiting.map(({ fields }) => fields.get('barcode')).join(', ')
  place.textContent = `${why} Kept here, in order: ${scans}. `
  for (const [label, choose] of Object.entries(choices)) {
    const button = document.createElement('button')
    button.className = 'button small'
    button.textContent = label
    button.addEventListener('click', () => {
      field()?.focus()
      choose()
    })
    place.append(button, ' ')
  }
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

// Leaving with unsent scans would lose them.
addEventListener('beforeunload', (event) => {
  if (waiting.length > 0) event.preventDefault()
})
