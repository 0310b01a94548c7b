import { shown } from './file-name.ts'
import { statIn } from './held-folder.ts'
import type { Host } from './host.ts'
import { type PutBack, putAllBack } from './put-back.ts'
import { CleanupRefusedError } from './refusal.ts'
import type { Root } from './root.ts'
import { note, noteIfPossible, openRun, type Run, type RunState, runIds } from './run-record.ts'
import { wayIn } from './way.ts'

/** A run that was cut off, and where its files are: each in its place, or in the trash under its number. */
export type CutOff = {
  readonly root: string
  readonly run: string
  readonly state: RunState
  readonly files: number
  readonly inPlace: number
  readonly inTrash: number
  /** In neither, or another file is in its place: somebody else was there. */
  readonly elsewhere: readonly string[]
}

/** Tells every run of a root that was cut off, and touches nothing. */
export function cutOff(root: Root): readonly CutOff[] {
  return runIds(root).flatMap((id) => {
    using run = readable(root, id)
    return run && isCutOff(run) ? [whereabouts(root, run)] : []
  })
}

/** A run; one whose journal is damaged is told by the trash, and stands in nobody’s way. */
export function readable(root: Root, id: string): Run | undefined {
  try {
    return openRun(root, id)
  } catch (error) {
    if (error instanceof CleanupRefusedError) return undefined
    throw error
  }
}

function isCutOff({ state }: Run): boolean {
  return state === 'moving' || state === 'putting-back' || state === 'purging'
}

function whereabouts(root: Root, run: Run): CutOff {
  using way = wayIn(root, { make: false })
  const elsewhere: string[] = []
  let [inPlace, inTrash] = [0, 0]
  for (const [slot, { path, inode }] of run.entries.entries()) {
    const spot = way.to(path)
    const there = spot && statIn(spot.folder, spot.name)
    if (statIn(run.trash, String(slot))) inTrash += 1
    else if (String(there?.ino) === inode) inPlace += 1
    else elsewhere.push(shown(path))
  }
  const { id, state, header } = run
  return { root: root.setting.name, run: id, state, files: header.files, inPlace, inTrash, elsewhere }
}

/** Puts back what a run that was cut off has moved. */
export async function backFrom(root: Root, run: Run, host: Host): Promise<PutBack> {
  mustBeCutOff(run)
  if (run.state === 'purging') {
    throw new CleanupRefusedError(
      'run-not-finished',
      `The run ${run.id} was being purged: purge it again. What is gone is gone.`,
    )
  }
  noteIfPossible(run, { state: 'putting-back', at: host.clock().toISOString(), because: 'it was cut off' })
  const told = await putAllBack(root, run, (done) => host.progress?.(done, run.header.files, 'putting back'))
  note(run, {
    state: told.stayed.length > 0 ? 'done' : 'put-back',
    at: host.clock().toISOString(),
    because: 'it was cut off',
  })
  return told
}

function mustBeCutOff(run: Run): void {
  if (isCutOff(run)) return
  throw new CleanupRefusedError(
    'run-unknown',
    `The run ${run.id} was not cut off: it is ${run.state}. See the trash.`,
  )
}
