/** A file as it was found. */
export type Found = {
  /** Below the root, with slashes; text as far as the bytes are UTF-8. */
  readonly path: string
  /** The last part of it. */
  readonly name: string
  readonly bytes: number
  readonly modifiedAt: Date
}

/** Says why a file is to go, in a few words that are shown with the plan; undefined keeps it. */
export type Choose = (file: Found) => string | undefined

/** How much one run may take away, and how much has to stay. Past any of them it refuses; it never takes less. */
export type Limits = {
  readonly filesMax: number
  readonly bytesMax: number
  /** Of the files of the root, 0 to 100. */
  readonly percentMax: number
  /** So many files stay at least, those that are not chosen. */
  readonly filesLeftMin: number
}

/** A place that is cleaned, as the host's settings name it. A person types its name, never its path. */
export type RootSetting = {
  readonly name: string
  /** Absolute. Empty or undefined is an error, never a default. */
  readonly path: string | undefined
  readonly limits: Limits
  /** Asked once a plan, then once a file. */
  readonly chooser: (now: Date) => Promise<Choose>
}

/** What was looked at, by name: undefined is well, anything else says what is wrong. */
export type Health = Readonly<Record<string, string | undefined>>

/** What cleanup needs to know of the program that it serves. */
export type Host = {
  readonly roots: readonly RootSetting[]
  /** Folders that no root may hold, be, or lie in: programs, databases, keys. Absolute. */
  readonly protect: readonly string[]
  /** Such as `production`: a marker of another one is refused. */
  readonly environment: string
  /** Whether a run needs its phrase typed. */
  readonly confirms: boolean
  /**
   * A deep look, over fresh connections and files, asked before and after. What was well before and is not after sends
   * everything back.
   */
  readonly health: () => Promise<Health>
  /** What names the service that uses these files as it runs now: another text after each start; undefined when it does not run. */
  readonly serviceInstance: () => Promise<string | undefined>
  readonly clock: () => Date
  /** Told how far a long run is. */
  readonly progress?: ((done: number, of: number, what: string) => void) | undefined
}

/** A look at health that takes longer has no answer. */
export const healthSeconds = 120
/** So many days a run stays in the trash before it can be purged. */
export const trashDays = 7
/** A plan is run within this time, or made again. */
export const planMinutes = 60
/** More files than this below one root are more than one plan can hold; 2 million take about 1 GB of memory. */
export const treeFilesMax = 2_000_000
/** Folders within folders; deeper is refused. */
export const treeDepthMax = 64
