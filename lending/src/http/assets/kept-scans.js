// The scans of this device, in the order in which they were made. Each is kept here before it is sent, and dropped when
// the library has answered it: a device that loses its power between the two loses no scan.

const storeName = 'scans'
const contextName = 'context'

/** Opens the store; where a browser has none (a private window), scans live as long as the page. */
export async function openKeptScans() {
  try {
    const db = await open()
    // Asked of the browser, or it may drop them when the disk runs full.
    navigator.storage?.persist?.().catch(() => undefined)
    return durable(db)
  } catch {
    return fleeting()
  }
}

function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('bibby-desk', 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(storeName, { keyPath: 'place', autoIncrement: true })
      request.result.createObjectStore(contextName)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
    request.onblocked = () => reject(new Error('blocked'))
  })
}

function durable(db) {
  // A new scan is on the disk before it counts as kept. What became of it may be lost with the power: then it is handed in
  // again, under its key.
  const within = (work, durability = 'relaxed') =>
    new Promise((resolve, reject) => {
      const tx = db.transaction([storeName, contextName], 'readwrite', { durability })
      let answer
      tx.oncomplete = () => resolve(answer)
      tx.onerror = tx.onabort = () => reject(tx.error)
      work(tx.objectStore(storeName), tx.objectStore(contextName), (request) => {
        request.onsuccess = () => {
          answer = request.result
        }
      })
    })
  return {
    isDurable: true,
    /** Whether scans would be lost with the page. */
    wouldLose: () => false,
    /** Keeps a scan and gives it its place. */
    add: async (scan) => ({
      ...scan,
      place: await within((scans, _, give) => give(scans.add(scan)), 'strict'),
    }),
    /**
     * Drops a scan that is answered; `context` is who stands at the desk of its page from there on. Who stood where is
     * nobody's business once nothing waits, but with `stays` the page of the scan has still to hear of it.
     */
    settle: ({ place, page }, context, stays = false) =>
      within((scans, contexts) => {
        whereThere(scans, place, () => {
          scans.delete(place)
          if (context) contexts.put(context, page)
          if (stays) return
          const left = scans.getAll()
          left.onsuccess = () => left.result.some((scan) => scan.page === page) || contexts.delete(page)
        })
      }),
    /** Keeps what became known of a scan that another page has not settled meanwhile; `context` as above. */
    mark: (scan, context) =>
      within((scans, contexts) => {
        whereThere(scans, scan.place, () => {
          scans.put(scan)
          if (context) contexts.put(context, scan.page)
        })
      }),
    /** Whether one of several pages may hand in alone for so long, where the browser has no locks for that. */
    lease: async (by, ms) => {
      const now = Date.now()
      const held = await within((_, contexts, give) => {
        const found = contexts.get(leaseName)
        found.onsuccess = () => {
          if (!found.result || found.result.by === by || found.result.until < now)
            contexts.put({ by, until: now + ms }, leaseName)
          give(contexts.get(leaseName))
        }
      })
      return held.by === by
    },
    all: () => within((scans, _, give) => give(scans.getAll())),
    /** Who stands at the desk of a page, after the last of its scans that was answered. */
    contextOf: (page) => within((_, contexts, give) => give(contexts.get(page))),
    /** Forgets who stood at the desk of a page that has come back. */
    forget: (page) => within((_, contexts) => contexts.delete(page)),
    /** Forgets who stood at the desks of pages that are not of these and have no scan here. */
    forgetBut: (pages) =>
      within((scans, contexts) => {
        const left = scans.getAll()
        const known = contexts.getAllKeys()
        known.onsuccess = () => {
          for (const page of gone(known.result, left.result, pages)) contexts.delete(page)
        }
      }),
  }
}

/** Among the contexts, which are named by pages. */
const leaseName = 'lease'

function whereThere(scans, place, work) {
  const there = scans.getKey(place)
  there.onsuccess = () => there.result !== undefined && work()
}

function gone(known, scans, pages) {
  return known.filter((page) => !pages.has(page) && !scans.some((scan) => scan.page === page))
}

/** A store that lives as long as the page. */
export function fleeting() {
  const scans = new Map()
  const contexts = new Map()
  let place = 0
  return {
    isDurable: false,
    wouldLose: () => scans.size > 0,
    add: async (scan) => {
      place += 1
      const kept = { ...scan, place }
      scans.set(place, kept)
      return kept
    },
    settle: async ({ place, page }, context, stays = false) => {
      if (!scans.delete(place)) return
      if (context) contexts.set(page, context)
      if (!stays && ![...scans.values()].some((scan) => scan.page === page)) contexts.delete(page)
    },
    lease: async () => true,
    mark: async (scan, context) => {
      if (!scans.has(scan.place)) return
      scans.set(scan.place, scan)
      if (context) contexts.set(scan.page, context)
    },
    all: async () => [...scans.values()],
    contextOf: async (page) => contexts.get(page),
    forget: async (page) => contexts.delete(page),
    forgetBut: async (pages) => {
      for (const page of gone([...contexts.keys()], [...scans.values()], pages)) contexts.delete(page)
    },
  }
}
