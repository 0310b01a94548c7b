// Notes that outlive a page: of the tab, and of the device. Where a browser keeps none, a script goes on and forgets.

/** Gone with the tab. */
export const ofTab = notesIn(() => sessionStorage)
/** Seen by every page of this library on the device. */
export const ofDevice = notesIn(() => localStorage)

function notesIn(storage) {
  const tried = (work, otherwise) => {
    try {
      return work(storage())
    } catch {
      return otherwise
    }
  }
  return {
    /** What is noted by this name; null where nothing is. */
    read: (name) => tried((all) => all.getItem(name), null),
    /** Notes it; undefined takes it away. */
    write: (name, text) =>
      tried((all) => (text === undefined ? all.removeItem(name) : all.setItem(name, text))),
    /** All that is noted by names that begin so. */
    under: (prefix) =>
      tried((all) => Object.keys(all).filter((name) => name.startsWith(prefix)), []).map((name) =>
        tried((all) => all.getItem(name), null),
      ),
  }
}
