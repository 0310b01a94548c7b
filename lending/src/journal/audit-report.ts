/** What verifying can find; each is more than chance. */
export type FindingKind =
  | 'altered'
  | 'removed'
  | 'inserted'
  | 'link-altered'
  | 'link-removed'
  | 'forgotten-unaccounted'
  | 'cut-off'
  | 'rewritten'
  | 'head-unreadable'
  | 'heads-cut-off'

/** One thing that is not as it was written; `null` where it is not known. Times are ISO 8601. */
export type AuditFinding = {
  readonly what: FindingKind
  /** The place in the chain. */
  readonly position: number | null
  /** The entry of the journal, its time and its action, as the chain has them. */
  readonly id: string | null
  readonly recordedAt: string | null
  readonly action: string | null
  /** The same as a sentence. */
  readonly text: string
}

/** How far a verification is. */
export type AuditProgress = { readonly checked: number; readonly of: number }

/** What a verification came to. */
export type AuditVerdict = {
  readonly verdict: 'intact' | 'broken'
  /** Links that were checked with their entries. */
  readonly links: number
  /** Entries that no round has linked yet: nothing vouches for them so far. */
  readonly notLinkedYet: number
  /** Heads outside the database that were compared. */
  readonly heads: number
  /** When the newest of them was written. */
  readonly lastHeadAt: string | null
  /** How many findings there are; `findings` names the first. */
  readonly found: number
  readonly findings: readonly AuditFinding[]
  /** What is odd and proves nothing. */
  readonly remarks: readonly string[]
}

/** What a verification tells: how far it is, again and again, and last what it came to. */
export type AuditStep = AuditProgress | AuditVerdict

/** So many findings are named; the others are counted. */
const namedMax = 100

/** Collects what is found. */
export type Findings = {
  readonly add: (what: FindingKind, about: About) => void
  readonly count: () => number
  readonly named: () => readonly AuditFinding[]
}

type About = {
  readonly position?: number | undefined
  readonly id?: string | undefined
  readonly recordedAt?: string | undefined
  readonly action?: string | undefined
  /** What the sentence needs besides. */
  readonly fact?: string
}

/** An empty collection. */
export function noFindings(): Findings {
  let count = 0
  const named: AuditFinding[] = []
  const isNamed = (what: FindingKind, id: string | undefined) =>
    id !== undefined && named.some((each) => each.what === what && each.id === id)
  return {
    add: (what, about) => {
      // An entry that was forgotten has several links, and each of them says so.
      if (what === 'altered' && isNamed(what, about.id)) return
      count += 1
      if (named.length >= namedMax) return
      const { position = null, id = null } = about
      const action = about.action === undefined ? null : short(about.action)
      const recordedAt = about.recordedAt === undefined ? null : inUtc(about.recordedAt)
      const finding = { what, position, id, recordedAt, action }
      named.push({ ...finding, text: sentences[what](finding, about.fact ?? '') })
    },
    count: () => count,
    named: () => named,
  }
}

/** An action as it is told: whoever can write the database may have written anything into it. */
export function short(action: string): string {
  const line = action.replaceAll(/\p{Cc}/gu, '\ufffd')
  return line.length > actionMax ? `${line.slice(0, actionMax)}…` : line
}

const actionMax = 100

const entry = ({ id, recordedAt, action }: Omit<AuditFinding, 'text'>) =>
  `entry ${id} (${action}, ${recordedAt})`

const sentences: Readonly<
  Record<FindingKind, (finding: Omit<AuditFinding, 'text'>, fact: string) => string>
> = {
  altered: (f, fact) => `Altered: ${entry(f)} is not as it was linked at ${f.position}: ${fact}.`,
  removed: (f) => `Removed: ${entry(f)}, linked at ${f.position}, is not in the journal any more.`,
  inserted: (f) =>
    `Inserted: ${entry(f)} has no link, and stands among entries that were linked before it came.`,
  'link-altered': (f) =>
    `Link altered: link ${f.position}, of ${entry(f)}, is not the one that was made after the link before it.`,
  'link-removed': (f, fact) => `Links removed: ${fact}; the next is ${f.position}, of ${entry(f)}.`,
  'forgotten-unaccounted': (f, fact) =>
    `Forgotten, and not accounted for: ${fact}${f.id === null ? '' : `, by ${entry(f)}`}.`,
  'cut-off': (f, fact) =>
    `Cut off: the chain ends before ${f.position}, which was its end, with ${entry(f)}, when the head of ${fact} was written.`,
  rewritten: (f, fact) =>
    `Written anew: link ${f.position} was another one, of ${entry(f)}, when the head of ${fact} was written.`,
  'head-unreadable': (_, fact) => `The file of heads is damaged: ${fact} is not a head.`,
  'heads-cut-off': (f, fact) =>
    `The file of heads was cut off or replaced: it has not the head of link ${f.position}, written on ${fact}.`,
}

/** The database's text of a time in UTC, as ISO 8601. */
export function inUtc(text: string): string {
  return text.includes('T') && !text.endsWith('Z') ? `${text}Z` : text
}
