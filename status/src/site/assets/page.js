// The page is whole without this. With it, it tells the reader's own time, says when it is out of date, and looks
// now and then whether a newer one is there.
const checkMs = 10_000
const refreshMinMs = 30_000
const refreshMaxMs = 300_000

const ago = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })
const local = new Intl.DateTimeFormat('en-GB', {
  day: 'numeric',
  month: 'short',
  year: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  timeZoneName: 'short',
})

let isFetching = false
let askedAt = Date.now()

function written() {
  return Date.parse(document.body.dataset.writtenAt)
}

function staleAfterMs() {
  return Number(document.body.dataset.staleAfterMs)
}

function tellLocalTimes() {
  for (const time of document.querySelectorAll('time:not([title])')) {
    const at = new Date(time.dateTime)
    if (Number.isNaN(at.getTime())) continue
    time.title = time.textContent
    time.textContent = local.format(at)
  }
}

/** What cannot be read as a moment is out of date: the page never looks well by mistake. */
function isStale() {
  const ageMs = Date.now() - written()
  // A clock that was ahead when it was written says nothing of its age.
  return !(Math.abs(ageMs) <= staleAfterMs())
}

function since() {
  const minutes = Math.round((Date.now() - written()) / 60_000)
  if (!Number.isFinite(minutes)) return 'at a time that cannot be read'
  if (minutes < 120) return ago.format(-minutes, 'minute')
  if (minutes < 2880) return ago.format(-Math.round(minutes / 60), 'hour')
  return ago.format(-Math.round(minutes / 1440), 'day')
}

function showAge() {
  const notice = document.getElementById('stale')
  const root = document.documentElement
  if (!isStale()) {
    if (root.classList.contains('stale')) location.reload()
    return
  }
  const said = `This page was written ${since()}. It does not know how the library is now; below is what it knew last.`
  if (notice.hidden) {
    root.classList.add('stale')
    notice.hidden = false
    notice.innerHTML = '<span class="sign" aria-hidden="true">?</span><div><h2>Out of date</h2><p></p></div>'
    document.title = `Out of date · ${document.title}`
    for (const verdict of document.querySelectorAll('[data-verdict]')) {
      verdict.className = 'verdict none'
      verdict.querySelector('.sign').textContent = '?'
      const word = verdict.querySelector('.word')
      word.textContent = `Last known: ${word.textContent.toLowerCase()}`
    }
  }
  const text = notice.querySelector('p')
  if (text.textContent !== said) text.textContent = said
}

/** Who reads, selects or walks through the page by keyboard is not disturbed: they get the newer one afterwards. */
function isBusy() {
  const selection = getSelection()
  const isFocused = document.activeElement !== null && document.activeElement !== document.body
  return isFocused || (selection !== null && !selection.isCollapsed)
}

async function lookForNewer() {
  const everyMs = Math.min(Math.max(staleAfterMs() / 3, refreshMinMs), refreshMaxMs)
  if (isFetching || document.hidden || Date.now() - askedAt < everyMs) return
  isFetching = true
  askedAt = Date.now()
  try {
    const answer = await fetch(location.href, { cache: 'no-cache', signal: AbortSignal.timeout(10_000) })
    if (!answer.ok) return
    const newer = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const at = newer.body.dataset.writtenAt
    if (at === undefined || !(Date.parse(at) > written()) || (isBusy() && !isStale())) return
    const open = new Set(
      [...document.querySelectorAll('li[id] details[open]')].map((each) => each.closest('li').id),
    )
    document.body.replaceWith(document.adoptNode(newer.body))
    for (const id of open) document.getElementById(id)?.querySelector('details')?.setAttribute('open', '')
    document.title = newer.title
    document.documentElement.classList.remove('stale')
  } catch {
    // No network, or a host that is slow: the age of the page tells it soon enough.
  } finally {
    isFetching = false
  }
  tellLocalTimes()
  showAge()
}

tellLocalTimes()
showAge()
setInterval(() => {
  showAge()
  lookForNewer()
}, checkMs)
document.addEventListener('visibilitychange', () => {
  showAge()
  lookForNewer()
})
