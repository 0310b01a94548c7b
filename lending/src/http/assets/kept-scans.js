// The scans of this device, in the order in which they were made. Each is kept here before it is sent, and dropped when
// the library has answered it: a device that loses its power between the two loses no scan.

import { strike } from './jotted.js'
import { durable, open } from './kept-disk.js'

/** Opens the store; where a browser has none (a private window), scans live as long as the page. */
export async function openKeptScans() {
  const db = await open().catch(() => undefined)
  // Asked of the browser, or it may drop them when the disk runs full.
  if (db) navigator.storage?.persist?.().catch(() => undefined)
  return new KeptScans(db)
}

/**
 * The scans on the disk, and beside them what it does not take, does not drop or has lost: that lives as long as the page.
 * None of this fails. Without a store all of it lives as long as the page.
 */
class KeptScans {
  #disk
  #last = Promise.resolve()
  /** What the disk had when it last answered, by key. */
  #onDisk = new Map()
  /** What it has not, which comes behind that, or has otherwise. */
  #ofPage = new Map()
  /** What is answered and may be on the disk yet: its place there, by key. */
  #answered = new Map()
  /** Who stands at the desks of pages, and whether the disk says so. */
  #stood = new Map()
  /** The pages whose scans were entered here. */
  #own = new Set()

  constructor(db) {
    if (db) this.#use(db)
    else if (globalThis.indexedDB) this.#disk = null
  }

  get isDurable() {
    return Boolean(this.#disk) && !this.wouldLose()
  }

  /** Whether scans would be lost with the page. */
  wouldLose() {
    if (!this.#disk) return this.#all().some(({ page }) => this.#own.has(page))
    return [...this.#ofPage.keys()].some((key) => !this.#onDisk.has(key))
  }

  /** Keeps a scan; one that is kept already comes behind all others. */
  add(scan) {
    return this.#inTurn(async () => {
      this.#own.add(scan.page)
      // Behind one that lives as long as the page it does so too: on the disk it would come before it.
      const kept = !this.wouldLose() && (await this.#tries((disk) => disk.add(scan)))
      if (kept) this.#onDisk.delete(scan.key)
      if (kept) this.#onDisk.set(scan.key, kept)
      else this.#ofPage.set(scan.key, scan)
      return scan
    })
  }

  /**
   * Drops a scan that is answered; `context` is who stands at the desk of its page from there on. Who stood where is
   * nobody's business once nothing waits, but with `stays` the page of the scan has still to hear of it.
   */
  settle(scan, context, stays = false) {
    strike(scan)
    return this.#inTurn(async () => {
      const { key, page } = scan
      const there = this.#onDisk.get(key)
      if (!this.#ofPage.delete(key) && !there) return
      this.#onDisk.delete(key)
      const isOver = !stays && !this.#all().some((other) => other.page === page)
      const stands = isOver ? null : dated(context, scan)
      if (!there) return this.#say(page, stands)
      this.#answered.set(key, there.place)
      if (await this.#does((disk) => disk.settle(there, stands), page, stands)) return
      // A full disk drops it, if it need not write at once who stands there.
      await this.#tries((disk) => disk.settle(there))
      await this.#say(page, stands)
    })
  }

  /** Keeps what became known of a scan that another page has not settled meanwhile; `context` as above. */
  mark(scan, context) {
    return this.#inTurn(async () => {
      const { key, page } = scan
      const there = this.#onDisk.get(key)
      const isOfPage = this.#ofPage.has(key)
      if (!there && !isOfPage) return
      const marked = { ...scan, place: there?.place }
      const stands = dated(context, scan)
      const isOnDisk = !isOfPage && (await this.#does((disk) => disk.mark(marked, stands), page, stands))
      if (isOnDisk) return this.#onDisk.set(key, marked)
      this.#ofPage.set(key, scan)
      await this.#say(page, stands)
    })
  }

  /** Whether one of several pages may hand in alone for so long, where there are no locks. Two at once do nothing twice. */
  lease = (by, ms) => this.#inTurn(() => this.#tries((disk) => disk.lease(by, ms), true))

  all() {
    return this.#inTurn(async () => {
      const found = await this.#tries((disk) => disk.all())
      if (found) await this.#hear(found)
      else if (this.#disk === null) this.#openAgain()
      return this.#all()
    })
  }

  /** Who stands at the desk of a page, after the last of its scans that was answered. */
  contextOf(page) {
    return this.#inTurn(async () => {
      const { stands, isSaid = true } = this.#stood.get(page) ?? {}
      const now = isSaid ? await this.#tries((disk) => disk.contextOf(page), stands ?? null) : stands
      this.#stood.set(page, { stands: now, isSaid })
      return now ?? undefined
    })
  }

  /** Forgets who stood at the desk of a page that has come back. */
  forget = (page) => this.#inTurn(() => this.#say(page, null))

  /**
   * Forgets who stood at the desks of pages that have no scan here and are gone: they are not of these, or, where that
   * cannot be known, have said nothing for a while.
   */
  forgetBut = (pages) => this.#inTurn(() => this.#tries((disk) => disk.forgetBut(pages)))

  #inTurn(work) {
    const done = this.#last.then(work)
    this.#last = done.catch(() => undefined)
    return done
  }

  async #tries(work, otherwise = false) {
    try {
      return this.#disk ? await work(this.#disk) : otherwise
    } catch {
      return otherwise
    }
  }

  #use(db) {
    this.#disk = durable(db)
    // By the browser, which has emptied it or cannot read it. With null it is opened anew, when that can be.
    db.onclose = () => {
      this.#disk = null
      this.#openAgain()
    }
  }

  async #openAgain() {
    const db = await open().catch(() => undefined)
    if (db) await this.#inTurn(() => this.#goOnWith(db)).catch(() => db.close())
  }

  async #goOnWith(db) {
    if (this.#disk) return db.close()
    const found = await durable(db).all()
    // With none of them it was emptied: what was entered here lives as long as the page now.
    if (!found.some(({ page }) => this.#own.has(page))) {
      const own = this.#all().filter(({ page }) => this.#own.has(page))
      this.#ofPage = new Map(own.map((scan) => [scan.key, scan]))
      this.#onDisk.clear()
      for (const page of this.#own) if (this.#stood.has(page)) this.#stood.get(page).isSaid = false
    }
    this.#use(db)
    await this.#hear(found)
  }

  #all() {
    const onDisk = [...this.#onDisk].map(([key, scan]) => this.#ofPage.get(key) ?? scan)
    return [...onDisk, ...[...this.#ofPage.values()].filter(({ key }) => !this.#onDisk.has(key))]
  }

  async #hear(found) {
    const scans = new Map(found.map((scan) => [scan.key, scan]))
    for (const [key, place] of this.#answered) {
      const scan = scans.get(key)
      // Elsewhere another page has it, which has not heard the answer.
      if (scan?.place === place) await this.#tries((disk) => disk.settle(scan))
      else this.#answered.delete(key)
      if (scan?.place === place) scans.delete(key)
    }
    // Another page has had the answer.
    for (const key of this.#onDisk.keys()) if (!scans.has(key)) this.#ofPage.delete(key)
    this.#onDisk = scans
  }

  /** Whether the disk did it, and says who stands at the desk of a page from there on. */
  async #does(work, page, stands) {
    const isDone = await this.#tries(work)
    if (isDone && stands !== undefined) this.#stood.set(page, { stands, isSaid: true })
    return isDone
  }

  /** Says who stands at the desk of a page; with null that nobody is known to. */
  async #say(page, stands) {
    if (stands === undefined) return
    const before = this.#stood.get(page)
    if (await this.#does((disk) => disk.stand(page, stands), page, stands)) return
    const isSaid = before?.isSaid === true && isSame(before.stands, stands)
    this.#stood.set(page, { stands, isSaid })
    // Nobody is better than whoever stood there before.
    if (!isSaid) await this.#tries((disk) => disk.stand(page, null))
  }
}

/** With when it became so, and who worked there. */
const dated = (context, { by }) => context && { ...context, by, at: Date.now() }

/** Whether two say the same of who stands at a desk. */
export function isSame(one, other) {
  return one?.card === other?.card && one?.afterUnknown === other?.afterUnknown
}
