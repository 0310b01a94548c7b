// Shows the desk when the library cannot be reached: an empty one, that keeps what is scanned. It knows nothing else.

const [mark] = location.search.slice(1).split('&')
const cacheName = `bibby-desk-${mark}`
const shells = { '/desk': '/desk/offline', '/check-in': '/desk/offline?meant=take-back' }
const assets = [
  'bibby.css',
  'favicon.svg',
  'desk.js',
  'desk-apart.js',
  'desk-jotted.js',
  'desk-leaving.js',
  'desk-notice.js',
  'desk-shows.js',
  'desk-state.js',
  'hand-in.js',
  'idiomorph.js',
  'kept-scans.js',
  'tones.js',
]
/** A library that takes longer than this for a page is shown the empty desk for. */
const answerMs = 8_000

addEventListener('install', (event) => {
  skipWaiting()
  // Scans go straight to the library: they wait for no worker, least of all for one that has to be started first.
  event.addRoutes?.({ condition: { requestMethod: 'POST' }, source: 'network' })
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
  if (request.method !== 'GET' || origin !== location.origin) return
  const shell = request.mode === 'navigate' ? shells[pathname] : undefined
  if (shell) event.respondWith(orShell(request, shell))
  else if (pathname.startsWith(`/assets/${mark}/`)) event.respondWith(fromCache(request))
})

async function orShell(request, shell) {
  try {
    const answer = await fetch(request, { signal: AbortSignal.timeout(answerMs) })
    if (answer.status < 500) return answer
  } catch {
    // Out of reach.
  }
  const cache = await caches.open(cacheName)
  return (await cache.match(shell)) ?? Response.error()
}

async function fromCache(request) {
  const cache = await caches.open(cacheName)
  return (await cache.match(request)) ?? fetch(request)
}
