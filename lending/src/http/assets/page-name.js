// The names of pages among those of their device, held as long as they live.

import { ofTab } from './notes.js'

const pageName = 'bibby-page'
const deskPrefix = 'bibby-desk-'
const besidePrefix = 'bibby-beside-'
const jotterPrefix = 'bibby-jotter-'

/**
 * The name of this desk: the same after it is loaded anew, so that its scans go on for whom they began; another one for a
 * page that was opened beside it. It is held as long as the page lives: scans of a page that is gone are anybody's to hand in.
 */
export async function namePage(fresh) {
  if (!navigator.locks) return fresh
  const before = nameBefore()
  const page = before && (await hold(deskPrefix + before)) ? before : fresh
  if (page === fresh) await hold(deskPrefix + fresh)
  ofTab.write(pageName, page)
  return page
}

/** What this page was called before it was loaded anew; null where it is new. */
export function nameBefore() {
  return ofTab.read(pageName)
}

/**
 * On a page beside the desk of this tab: who stood there is not forgotten, and its scans are anybody's to hand in. What is jotted down
 * under the name `jotter` is this page's as long as it lives. Gives the name of that desk, unless another tab that was doubled has it.
 */
export async function holdBeside(jotter) {
  const before = nameBefore()
  if (!navigator.locks) return null
  void hold(jotterPrefix + jotter)
  return before && (await hold(besidePrefix + before)) ? before : null
}

function hold(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null)
      return lock && new Promise(() => undefined)
    })
  })
}

/** The names of the desks that are open now; undefined where that cannot be known: a browser has locks on https only. */
export async function livingPages() {
  return held([deskPrefix])
}

/** The same, and those of the desks that a page beside them stands in for. */
export async function namedPages() {
  return held([deskPrefix, besidePrefix])
}

/** The names under which pages beside a desk jot down. */
export async function livingJotters() {
  return held([jotterPrefix])
}

async function held(prefixes) {
  if (!navigator.locks) return undefined
  const { held } = await navigator.locks.query()
  const under = (prefix) =>
    held.filter(({ name }) => name.startsWith(prefix)).map(({ name }) => name.slice(prefix.length))
  return new Set(prefixes.flatMap(under))
}
