// Keeps a page current by server-sent events. Without script the page loads itself anew; so it does where events end.

const again = 10_000
const place = document.querySelector('[data-live]')
const words = document.querySelector('[data-live-words]')
let source

function tell(which) {
  if (words && words.textContent !== words.dataset[which]) words.textContent = words.dataset[which]
}

/** Puts each part that changed in the place of the old one; what has the focus or is read stays where nothing changed. */
function put(text) {
  const page = new DOMParser().parseFromString(text, 'text/html')
  for (const fresh of page.querySelectorAll('[data-part] [data-part]')) {
    const old = place.querySelector(`[data-part="${fresh.dataset.part}"]`)
    if (!old || old.outerHTML === fresh.outerHTML) continue
    const scrolled = old.querySelector('.scroll')?.scrollLeft
    old.replaceWith(fresh)
    if (scrolled) fresh.querySelector('.scroll').scrollLeft = scrolled
  }
}

function listen() {
  source?.close()
  source = new EventSource(place.dataset.live)
  source.addEventListener('now', ({ data }) => {
    put(data)
    tell('live')
  })
  source.addEventListener('anew', () => {
    source.close()
    location.reload()
  })
  source.addEventListener('error', () => {
    tell('lost')
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), again)
  })
}

// Nobody draws for a page that nobody sees.
document.addEventListener('visibilitychange', () => {
  if (document.hidden) source?.close()
  else listen()
})
if (place && !document.hidden) listen()
