// The disk under the scans of this device: what is written there is there for every page of it.

const storeName = 'scans'
const contextName = 'context'
/** Among the contexts, which are named by pages. */
const leaseName = 'lease'
/** A store that has not opened by then does not open: another program holds it, or the disk hangs. */
const openMs = 5_000
/** Without locks nobody knows which pages live; who stood at one that has said nothing for so long is nobody's business. */
const contextMs = 15 * 60_000

/** Opens the store; fails where a browser has none, or another program holds it. */
export function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open('bibby-desk', 1)
    request.onupgradeneeded = () => {
      request.result.createObjectStore(storeName, { keyPath: 'place', autoIncrement: true })
      request.result.createObjectStore(contextName)
    }
    request.onsuccess = () => resolve(request.result)
    request.onerror = request.onblocked = reject
    setTimeout(reject, openMs)
  })
}

/** What the store does, each in a transaction of its own; each fails where the disk does not do it. */
export function durable(db) {
  // A new scan is on the disk before it counts as kept. What became of it may be lost with the power: then it is handed in
  // again, under its key.
  const within = (work, durability = 'relaxed') =>
    new Promise((resolve, reject) => {
      const tx = db.transaction([storeName, contextName], 'readwrite', { durability })
      let answer = true
      tx.oncomplete = () => resolve(answer)
      tx.onerror = tx.onabort = () => reject(tx.error)
      work(tx.objectStore(storeName), tx.objectStore(contextName), (request) => {
        request.onsuccess = () => {
          answer = request.result
        }
      })
    })
  /** Unless another page has settled the scan. */
  const change = (scan, stands, work) =>
    within((scans, contexts) => {
      const there = scans.get(scan.place)
      there.onsuccess = () => {
        if (there.result?.key !== scan.key) return
        work(scans)
        say(contexts, scan.page, stands)
      }
    })
  return {
    add: async ({ place, ...scan }) => {
      const addBehind = (scans, _, give) => {
        if (place) scans.delete(place)
        give(scans.add(scan))
      }
      return { ...scan, place: await within(addBehind, 'strict') }
    },
    settle: (scan, stands) => change(scan, stands, (scans) => scans.delete(scan.place)),
    mark: (scan, stands) => change(scan, stands, (scans) => scans.put(scan)),
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
    stand: (page, stands) => within((_, contexts) => say(contexts, page, stands)),
    contextOf: (page) => within((_, contexts, give) => give(contexts.get(page))),
    forgetBut: (pages) =>
      within((scans, contexts) => {
        const left = scans.getAll()
        const known = contexts.getAllKeys()
        const said = contexts.getAll()
        said.onsuccess = () => {
          const isOld = ({ at = 0 }) => Math.abs(Date.now() - at) > contextMs
          const isGone = (nth) => (pages ? !pages.has(known.result[nth]) : isOld(said.result[nth]))
          const some = known.result.filter((page, nth) => page !== leaseName && isGone(nth))
          for (const page of some) if (!left.result.some((scan) => scan.page === page)) contexts.delete(page)
        }
      }),
  }
}

function say(contexts, page, stands) {
  if (stands) contexts.put(stands, page)
  else if (stands === null) contexts.delete(page)
}
