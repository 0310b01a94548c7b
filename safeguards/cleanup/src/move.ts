import { renameSync } from 'node:fs'
import { setImmediate as pause } from 'node:timers/promises'
import { type FileName, shown } from './file-name.ts'
import { statIn, syncFolder, within } from './held-folder.ts'
import { putBackOne } from './put-back.ts'
import { systemCodeOf } from './refusal.ts'
import type { Root } from './root.ts'
import type { Run } from './run-record.ts'
import { isStill } from './walk.ts'
import { wayIn } from './way.ts'

/** What became of a move. `left` stayed, or went back at once: another had changed it meanwhile. */
export type Moved = { readonly moved: number; readonly bytes: number; readonly left: readonly string[] }

/** Between two looks at whether to stop; a batch takes some milliseconds. */
const batchFiles = 200

/**
 * Renames each file into the trash, and looks at it again once it is there. The folders are held, so that none that is
 * swapped for a link meanwhile takes a file along that was not meant. A rename never crosses a mount: the system refuses it.
 */
export async function moveAll(
  root: Root,
  run: Run,
  {
    folders,
    signal,
    progress,
  }: {
    readonly folders: ReadonlyMap<FileName, string>
    readonly signal: AbortSignal | undefined
    readonly progress: ((done: number) => void) | undefined
  },
): Promise<Moved> {
  using way = wayIn(root, { folders })
  const { device } = root
  const left: string[] = []
  let [moved, bytes] = [0, 0]
  for (const [slot, entry] of run.entries.entries()) {
    if (slot % batchFiles === 0) {
      progress?.(slot)
      await pause()
      signal?.throwIfAborted()
    }
    const spot = way.to(entry.path)
    const isSame = spot && isStill(entry, { stats: statIn(spot.folder, spot.name), device })
    if (!spot || !isSame || !renamed(within(spot.folder, spot.name), within(run.trash, String(slot)))) {
      left.push(shown(entry.path))
      continue
    }
    if (isStill(entry, { stats: statIn(run.trash, String(slot)), device })) {
      moved += 1
      bytes += entry.bytes
      continue
    }
    // Swapped between the look and the move: whatever it is goes back to where it was.
    putBackOne({ run, slot, spot })
    left.push(shown(entry.path))
  }
  syncFolder(run.trash)
  progress?.(run.entries.length)
  return { moved, bytes, left }
}

/** False when it is gone, or lies beyond a mount by now. */
function renamed(from: Buffer, to: Buffer): boolean {
  try {
    renameSync(from, to)
    return true
  } catch (error) {
    const code = systemCodeOf(error)
    if (code === 'ENOENT' || code === 'EXDEV' || code === 'EACCES' || code === 'EBUSY' || code === 'EPERM')
      return false
    throw error
  }
}
