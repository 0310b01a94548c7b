// Shows the desk when the library cannot be reached: an empty one, that keeps what is scanned. It knows nothing else.

const [mark] = location.search.slice(1).split('&')
const cacheName = `bibby-desk-${mark}`
const shells = { '/desk': '/desk/offline', '/check-in': '/desk/offline?meant=take-back' }
const assets = [
  'bibby.css',
  'favicon.svg',
  'desk.js',
  'desk-anew.js',
  'desk-apart.js',
  'desk-came.js',
  'desk-jotted.js',
  'desk-leaving.js',
  'desk-left.js',
  'desk-notice.js',
  'desk-refused.js',
  'desk-shows.js',
  'desk-state.js',
  'hand-in.js',
  'idiomorph.js',
  'jotted.js',
  'kept-disk.js',
  'kept-scans.js',
  'notes.js',
  'page-name.js',
  'scan-field.js',
  'tones.js',
]
/** A library that takes longer than this to begin with a page is shown the empty desk for. */
const answerMs = 8_000
/** Where a desk stands, or a page beside it that takes scans too. */
const deskPaths = /^\/(?:desk|check-in|stock-takes|shelf)(?:\/|$)/
/** How long the desk that a way began at may take to say that it stays. */
const stayMs = 2_000

addEventListener('install', (event) => {
  skipWaiting()
  // Scans go straight to the library: they wait for no worker, least of all for one that has to be started first.
  // A form does not: where it does not arrive its desk stays.
  event.addRoutes?.({ condition: { requestMethod: 'POST', requestMode: 'cors' }, source: 'network' })
  const wanted = [...Object.values(shells), ...assets.map((name) => `/assets/${mark}/${name}`)]
  event.waitUntil(
    caches.open(cacheName).then((cache) => Promise.all(wanted.map((path) => keep(cache, path)))),
  )
})

/** Only what is of this version: while servers change, another one may answer. Then the worker before this goes on. */
async function keep(cache, path) {
  const answer = await fetch(path, { cache: 'no-cache' })
  const isAsset = path.startsWith('/assets/')
  const isOurs = isAsset
    ? answer.headers.get('cache-control')?.includes('immutable')
    : (await answer.clone().text()).includes(`/assets/${mark}/`)
  if (!answer.ok || !isOurs) throw new Error(`${path} is of another version.`)
  await cache.put(path, answer)
}

addEventListener('activate', (event) => {
  event.waitUntil(
    caches.keys().then(async (names) => {
      const old = names.filter((name) => name.startsWith('bibby-desk-') && name !== cacheName)
      await Promise.all(old.map((name) => caches.delete(name)))
      await clients.claim()
    }),
  )
})

/** A page asks, that has found no worker for itself. */
addEventListener('message', (event) => event.waitUntil(clients.claim()))

addEventListener('fetch', (event) => {
  const { request } = event
  const { pathname, origin } = new URL(request.url)
  if (origin !== location.origin) return
  const isGet = request.method === 'GET'
  if (request.mode === 'navigate') {
    if (isGet && shells[pathname]) event.respondWith(orShell(request, shells[pathname]))
    else if (!isBack(request) && !hasFile(request)) event.respondWith(orStay(event))
  } else if (isGet && pathname.startsWith(`/assets/${mark}/`)) event.respondWith(fromCache(request))
})

async function orShell(request, shell) {
  // Only until it begins: a page that has begun comes whole, however long the rest of it takes.
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(), answerMs)
  try {
    const answer = await fetch(request, { signal: limit.signal })
    if (answer.status < 500) return answer
  } catch {
    // Out of reach.
  } finally {
    clearTimeout(timer)
  }
  const cache = await caches.open(cacheName)
  return (await cache.match(shell)) ?? Response.error()
}

/** Whoever goes back may come to what a form was answered, and does not send it again. */
function isBack({ cache }) {
  return cache === 'force-cache' || cache === 'only-if-cached'
}

/** A desk sends no files, and those that are sent may be large. */
function hasFile({ headers }) {
  return headers.get('content-type')?.startsWith('multipart/') ?? false
}

/**
 * However long the library takes: a desk goes on meanwhile. Only where it cannot be reached at all does the desk stay, as a
 * browser stays where it is when there is nothing to show. Nothing is asked for twice: a form may have arrived.
 */
async function orStay({ request, clientId }) {
  const { pathname, searchParams } = new URL(request.url)
  let answer
  try {
    answer = await fetch(request)
    // The page of a scan beside a desk has jotted it down, and takes the next one; what says that something failed has no field.
    if (answer.status < 500 || !searchParams.has('scan')) return answer
  } catch {
    // Another way was taken in its place.
    if (request.signal.aborted) return Response.error()
  }
  return (await staysAt(clientId, pathname))
    ? new Response(null, { status: 204 })
    : (answer ?? Response.error())
}

/** Whether the page that a way to this path began at is a desk, and stays. One that is left for another tab says nothing. */
async function staysAt(clientId, path) {
  // Where it is not known at which page a way began, all desks are asked: the one that somebody leaves answers.
  const pages = clientId ? [await clients.get(clientId)] : await clients.matchAll({ type: 'window' })
  const desks = pages.filter((page) => page && deskPaths.test(new URL(page.url).pathname))
  if (desks.length === 0) return false
  return new Promise((resolve) => {
    setTimeout(resolve, stayMs, false)
    for (const desk of desks) {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = () => resolve(true)
      desk.postMessage(path, [port2])
    }
  })
}

async function fromCache(request) {
  const cache = await caches.open(cacheName)
  return (await cache.match(request)) ?? fetch(request)
}
