// The scans of this device, in the order in which they were made. Each is kept here before it is sent, and dropped when
// the library has answered it: a device that loses its power between the two loses no scan.

const storeName = 'scans'
const contextName = 'context'
/** A store that has not opened by then does not open: another program holds it, or the disk hangs. */
const openMs = 5_000
/** Without locks nobody knows which pages live; who stood at one that has said nothing for so long is nobody's business. */
const contextMs = 15 * 60_000

/** Opens the store; where a browser has none (a private window), scans live as long as the page. */
export async function openKeptScans() {
  try {
    const db = await open()
    // Asked of the browser, or it may drop them when the disk runs full.
    navigator.storage?.persist?.().catch(() => undefined)
    return fallingBack(durable(db))
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
    setTimeout(() => reject(new Error('late')), openMs)
  })
}

/** Where the device takes nothing any more, what comes then lives as long as the page, behind what is on the disk. */
function fallingBack(disk) {
  const memory = fleeting()
  let isFull = false
  const storeOf = ({ place }) => (typeof place === 'string' ? memory : disk)
  return {
    ...disk,
    get isDurable() {
      return !isFull
    },
    wouldLose: memory.wouldLose,
    add: async (scan) => {
      try {
        return await disk.add(scan)
      } catch {
        isFull = true
        return memory.add(scan)
      }
    },
    settle: async (scan, context, stays) => {
      const store = storeOf(scan)
      if (store === disk) return disk.settle(scan, context, stays)
      // Who stands there follows from what is on the disk, and the other way round.
      if (context) await disk.stand(scan, context).catch(() => memory.stand(scan, context))
      await memory.settle(scan, undefined, stays)
    },
    mark: (scan, context) => storeOf(scan).mark(scan, context),
    all: async () => [...(await disk.all()), ...(await memory.all())],
    contextOf: async (page) => (await memory.contextOf(page)) ?? disk.contextOf(page),
    forget: async (page) => {
      await memory.forget(page)
      await disk.forget(page)
    },
  }
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
    settle: ({ place, page, by }, context, stays = false) =>
      within((scans, contexts) => {
        whereThere(scans, place, () => {
          scans.delete(place)
          if (context) contexts.put(dated(context, by), page)
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
          if (context) contexts.put(dated(context, scan.by), scan.page)
        })
      }),
    /** Whether one of several pages may hand in alone for so long, where the browser has no locks for that. */
    lease: async (by, ms) => {
      const now = Date.now()
      const held = await within((_, contexts, give) => {
        const found = contexts.get(leaseName)
        found.onsuccess = () => {
          const { by: holder, until = 0 } = found.result ?? {}
          // One that ends later than any can: the clock was set back.
          if (holder === undefined || holder === by || until < now || (ms > 0 && until > now + ms * 2))
            contexts.put({ by, until: now + ms }, leaseName)
          give(contexts.get(leaseName))
        }
      })
      return held.by === by
    },
    all: () => within((scans, _, give) => give(scans.getAll())),
    /** Says who stands at the desk of the page of a scan. */
    stand: ({ page, by }, context) => within((_, contexts) => contexts.put(dated(context, by), page)),
    /** Who stands at the desk of a page, after the last of its scans that was answered. */
    contextOf: (page) => within((_, contexts, give) => give(contexts.get(page))),
    /** Forgets who stood at the desk of a page that has come back. */
    forget: (page) => within((_, contexts) => contexts.delete(page)),
    /**
     * Forgets who stood at the desks of pages that have no scan here and are gone: they are not of these, or, where that
     * cannot be known, have said nothing for a while.
     */
    forgetBut: (pages) =>
      within((scans, contexts) => {
        const left = scans.getAll()
        const known = contexts.getAllKeys()
        const said = contexts.getAll()
        said.onsuccess = () => {
          const isGone = (nth) => isOver(said.result[nth], known.result[nth], pages)
          const some = known.result.filter((page, nth) => page !== leaseName && isGone(nth))
          for (const page of some) if (!left.result.some((scan) => scan.page === page)) contexts.delete(page)
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

/** With when it became so, and who worked there. */
function dated(context, by) {
  return { ...context, by, at: Date.now() }
}

function isOver({ at = 0 }, page, pages) {
  return pages ? !pages.has(page) : Math.abs(Date.now() - at) > contextMs
}

/** A store that lives as long as the page. */
function fleeting() {
  const scans = new Map()
  const contexts = new Map()
  let nth = 0
  return {
    isDurable: false,
    wouldLose: () => scans.size > 0,
    add: async (scan) => {
      nth += 1
      const kept = { ...scan, place: `of this page ${nth}` }
      scans.set(kept.place, kept)
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
    stand: async ({ page }, context) => contexts.set(page, context),
    contextOf: async (page) => contexts.get(page),
    forget: async (page) => contexts.delete(page),
    // It knows of no page but its own.
    forgetBut: async () => undefined,
  }
}
