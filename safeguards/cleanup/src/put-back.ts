import { linkSync, renameSync, unlinkSync } from 'node:fs'
import { setImmediate as pause } from 'node:timers/promises'
import { type FileName, shown } from './file-name.ts'
import { type HeldFolder, statIn, syncFolder, within } from './held-folder.ts'
import { systemCodeOf } from './refusal.ts'
import type { Root } from './root.ts'
import type { Run } from './run-record.ts'
import { type Spot, wayIn } from './way.ts'

/** What became of putting back. `stayed` lie in the trash still, because their place is taken or cannot be reached. */
export type PutBack = {
  readonly back: number
  readonly stayed: readonly string[]
  /** In neither place: somebody else took them away. */
  readonly missing: readonly string[]
  /** In neither place, after a purge that took all away but what was changed in the trash. */
  readonly purged: readonly string[]
}

/** How many files at most get their second name before the folder is brought to the disk and the first ones go. */
const batchFiles = 500

/**
 * Puts one file back to where it was: a link there, and then its name in the trash is taken away. A rename would write over
 * what another has put there since. Cut off between the two it has both names, and the second step is made the next time.
 */
export function putBackOne({ run, slot, spot }: { run: Run; slot: number; spot: Spot }): boolean {
  if (!linkedBack({ run, slot, spot })) return false
  syncFolder(spot.folder)
  dropFromTrash(run, slot)
  return true
}

/**
 * Whether what lies in that slot is at its place now, or has its name there too; false when something else is there, or
 * nothing can be. A folder that came along has no second name: it is renamed, when its place is free.
 */
function linkedBack({ run, slot, spot }: { run: Run; slot: number; spot: Spot }): boolean {
  const [from, to] = [within(run.trash, String(slot)), within(spot.folder, spot.name)]
  try {
    if (statIn(run.trash, String(slot))?.isDirectory()) {
      if (statIn(spot.folder, spot.name)) return false
      renameSync(from, to)
    } else linkSync(from, to)
    return true
  } catch (cause) {
    if (systemCodeOf(cause) === undefined) throw cause
    const [there, ours] = [statIn(spot.folder, spot.name), statIn(run.trash, String(slot))]
    return there !== undefined && there.ino === ours?.ino && there.dev === ours.dev
  }
}

/** Takes away the name in the trash of what is at its place; a folder has none there any more. */
function dropFromTrash(run: Run, slot: number): void {
  if (statIn(run.trash, String(slot))) unlinkSync(within(run.trash, String(slot)))
}

/** Puts all back that lie in the trash of this run. What cannot go back stays there and is told. */
export async function putAllBack(
  root: Root,
  run: Run,
  progress?: ((done: number) => void) | undefined,
): Promise<PutBack> {
  using way = wayIn(root, { make: true })
  const stayed: string[] = []
  const gone: string[] = []
  let back = 0
  for (const batch of byFolder(run.entries)) {
    progress?.(batch[0]?.slot ?? 0)
    await pause()
    const linked: number[] = []
    let folder: HeldFolder | undefined
    for (const { slot, path } of batch) {
      const spot = way.to(path)
      folder ??= spot?.folder
      if (!statIn(run.trash, String(slot))) {
        if (!spot || !statIn(spot.folder, spot.name)) gone.push(shown(path))
      } else if (spot && linkedBack({ run, slot, spot })) linked.push(slot)
      else stayed.push(shown(path))
    }
    if (folder) syncFolder(folder)
    for (const slot of linked) dropFromTrash(run, slot)
    back += linked.length
  }
  syncFolder(run.trash)
  progress?.(run.entries.length)
  const isPurged = run.steps.some(({ state }) => state === 'purging')
  return { back, stayed, missing: isPurged ? [] : gone, purged: isPurged ? gone : [] }
}

type Slot = { readonly slot: number; readonly path: FileName }

/** The entries are sorted: those of one folder follow each other, but for folders in between. */
function* byFolder(entries: Run['entries']): Generator<readonly Slot[]> {
  let batch: Slot[] = []
  const folderOf = (path: FileName) => path.slice(0, path.lastIndexOf('/') + 1)
  for (const [slot, { path }] of entries.entries()) {
    const [first] = batch
    if (first && (folderOf(first.path) !== folderOf(path) || batch.length === batchFiles)) {
      yield batch
      batch = []
    }
    batch.push({ slot, path })
  }
  if (batch.length > 0) yield batch
}
