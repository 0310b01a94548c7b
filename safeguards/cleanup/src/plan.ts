import { createHash } from 'node:crypto'
import { bytesOf, nameOfText, shown } from './file-name.ts'
import type { Choose, Host, Limits } from './host.ts'
import { CleanupRefusedError } from './refusal.ts'
import type { Root } from './root.ts'
import { type Entry, type Left, type Tree, walk } from './walk.ts'

/** What a run would do. Times are ISO, UTC; sizes are bytes. */
export type Plan = {
  readonly root: string
  readonly path: string
  readonly plannedAt: string
  /** What `run` takes: it names these very files, as they are, and nothing else. */
  readonly digest: string
  readonly files: number
  readonly bytes: number
  /** When the content of the oldest and of the newest was last written; null when there are none. */
  readonly oldest: string | null
  readonly newest: string | null
  /** How many go for which reason. */
  readonly reasons: Readonly<Record<string, number>>
  /** The first and the last few, as people read them. */
  readonly samples: readonly string[]
  readonly stay: { readonly files: number; readonly bytes: number }
  /** What is there and is never moved. */
  readonly left: Left
  /** What has to be typed where runs are confirmed. */
  readonly phrase: string
  /** Why it would be refused, if it would. */
  readonly refusal: {
    readonly code: 'nothing-to-do' | 'over-ceiling' | 'under-floor'
    readonly because: string
  } | null
}

/** A plan, and the files that it names. */
export type Planned = { readonly plan: Plan; readonly chosen: readonly Entry[]; readonly tree: Tree }

const samplesOf = 5

/** Looks, counts and touches nothing but its own note of the plan. */
export async function planned(root: Root, host: Host): Promise<Planned> {
  const now = host.clock()
  const choose = await root.setting.chooser(now)
  const tree = walk(root)
  const reasons: Record<string, number> = {}
  const chosen = tree.files.filter((entry) => {
    const reason = reasonFor(entry, choose)
    if (reason !== undefined) reasons[reason] = (reasons[reason] ?? 0) + 1
    return reason !== undefined
  })
  const bytes = sum(chosen)
  const digest = digestOf(root, chosen)
  const stay = { files: tree.files.length - chosen.length, bytes: sum(tree.files) - bytes }
  const times = chosen.map(({ modifiedNs }) => BigInt(modifiedNs))
  const plan: Plan = {
    root: root.setting.name,
    path: root.path,
    plannedAt: now.toISOString(),
    digest,
    files: chosen.length,
    bytes,
    oldest: isoOf(times.reduce<bigint | undefined>((a, b) => (a === undefined || b < a ? b : a), undefined)),
    newest: isoOf(times.reduce<bigint | undefined>((a, b) => (a === undefined || b > a ? b : a), undefined)),
    reasons,
    samples: [...new Set([...chosen.slice(0, samplesOf), ...chosen.slice(-samplesOf)])].map(({ path }) =>
      shown(path),
    ),
    stay,
    left: tree.left,
    phrase: `MOVE ${chosen.length.toLocaleString('en')} FILES OF ${root.setting.name} #${digest.slice(0, 4)}`,
    refusal: refusalOf({ files: chosen.length, bytes, stay, limits: root.setting.limits }),
  }
  return { plan, chosen, tree }
}

function reasonFor(entry: Entry, choose: Choose): string | undefined {
  const path = bytesOf(entry.path).toString('utf8')
  // What is not text cannot have been meant by a rule about text.
  if (nameOfText(path) !== entry.path) return undefined
  return choose({
    path,
    name: path.slice(path.lastIndexOf('/') + 1),
    bytes: entry.bytes,
    modifiedAt: new Date(Number(BigInt(entry.modifiedNs) / 1_000_000n)),
  })
}

/** Past a ceiling or under a floor it refuses. It never takes fewer instead: which ones would be a guess. */
export function refusalOf({
  files,
  bytes,
  stay,
  limits,
}: {
  readonly files: number
  readonly bytes: number
  readonly stay: { readonly files: number }
  readonly limits: Limits
}): Plan['refusal'] {
  const over = (because: string) => ({ code: 'over-ceiling' as const, because })
  if (files === 0) return { code: 'nothing-to-do', because: 'No file is to go.' }
  if (files > limits.filesMax)
    return over(`It would take ${count(files)} files, and may take ${count(limits.filesMax)}.`)
  if (bytes > limits.bytesMax)
    return over(`It would take ${count(bytes)} bytes, and may take ${count(limits.bytesMax)}.`)
  const percent = (100 * files) / (files + stay.files)
  if (percent > limits.percentMax) {
    return over(`It would take ${percent.toFixed(1)}% of the files, and may take ${limits.percentMax}%.`)
  }
  if (stay.files < limits.filesLeftMin) {
    const because = `It would leave ${count(stay.files)} files, and has to leave ${count(limits.filesLeftMin)}.`
    return { code: 'under-floor', because }
  }
  return null
}

/** Throws what the plan says of itself. */
export function mustBeAllowed({ refusal, root }: Plan): void {
  if (!refusal) return
  throw new CleanupRefusedError(refusal.code, `The root ${root}: ${refusal.because} Nothing was touched.`)
}

function digestOf(root: Root, chosen: readonly Entry[]): string {
  const hash = createHash('sha256').update(`${root.marker.id}\0${root.device}\0`)
  for (const { path, inode, bytes, modifiedNs, changedNs } of chosen)
    hash.update(`${path}\0${inode}\0${bytes}\0${modifiedNs}\0${changedNs}\0`)
  return hash.digest('hex')
}

const count = (n: number) => n.toLocaleString('en')
const sum = (entries: readonly Entry[]) => entries.reduce((total, { bytes }) => total + bytes, 0)

function isoOf(ns: bigint | undefined): string | null {
  if (ns === undefined) return null
  const at = new Date(Number(ns / 1_000_000n))
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}
