import { readFileSync, unlinkSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { shown } from './file-name.ts'
import { lookedAt, mustBeWell } from './health.ts'
import { namesIn, statIn, syncFolder, within } from './held-folder.ts'
import { type Host, trashDays } from './host.ts'
import { provenAgeMs } from './proven-age.ts'
import { type PutBack, putAllBack } from './put-back.ts'
import { CleanupRefusedError } from './refusal.ts'
import type { Root } from './root.ts'
import {
  note,
  noteIfPossible,
  noteSighting,
  openRun,
  type Run,
  type RunState,
  runIds,
  type Sighting,
  sightingsOf,
} from './run-record.ts'
import { isStill } from './walk.ts'

/** A run as the trash shows it. Times are ISO, UTC. */
export type InTrash = {
  readonly root: string
  readonly run: string
  /** `damaged`: its journal cannot be read, and `because` says where its files lie. */
  readonly state: RunState | 'damaged'
  /** Of those that were moved, so many lie in the trash at this moment; their bytes are those that they had then. */
  readonly files: number
  readonly bytes: number
  readonly movedAt: string | null
  /** How long it has lain there for sure, days. */
  readonly days: number
  /** Null when it can be purged as far as its age goes. */
  readonly purgeInDays: number | null
  readonly because: string | null
}

const dayMs = 24 * 60 * 60_000
/** Files a second that are taken away for good: a desk's reads come in between. */
const purgePerSecond = 2_000
const purgeBatch = 200

/** All runs of a root, newest first, each seen once more. */
export function listTrash(root: Root, host: Host): readonly InTrash[] {
  return runIds(root)
    .toReversed()
    .flatMap((id) => {
      try {
        using run = openRun(root, id)
        if (!run) return []
        if (run.state === 'done') noteSighting(run, sightingNow(host))
        return [inTrash(root, run)]
      } catch (error) {
        if (!(error instanceof CleanupRefusedError)) throw error
        return [damaged(root, id, error.message)]
      }
    })
}

function damaged({ setting }: Root, run: string, because: string): InTrash {
  const nothing = { files: 0, bytes: 0, movedAt: null, days: 0, purgeInDays: trashDays }
  return { root: setting.name, run, state: 'damaged', ...nothing, because }
}

/** What lies there at this moment: a run that was cut off moved less than it planned, and much may be purged or put back. */
function lying(run: Run): Pick<InTrash, 'files' | 'bytes'> {
  const there = new Set(namesIn(run.trash))
  const left = run.entries.filter((_, slot) => there.has(String(slot)))
  return { files: left.length, bytes: left.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function inTrash(root: Root, run: Run): InTrash {
  const days = provenAgeMs(sightingsOf(run)) / dayMs
  const last = run.steps.at(-1)
  return {
    root: root.setting.name,
    run: run.id,
    state: run.state,
    ...lying(run),
    movedAt: run.steps.find(({ state }) => state === 'done')?.at ?? null,
    days: Math.floor(days * 10) / 10,
    purgeInDays: days >= trashDays ? null : Math.ceil((trashDays - days) * 10) / 10,
    because: last?.because ?? null,
  }
}

/** What tells one look from another, whatever the clock on the wall says. Source: proc(5), boot_id and uptime. */
export function sightingNow(host: Host): Sighting {
  return {
    at: host.clock().toISOString(),
    boot: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    uptimeMs: Math.round(Number(readFileSync('/proc/uptime', 'utf8').split(' ')[0]) * 1_000),
  }
}

/** Puts a finished run back, whole, but for places that are taken by now. */
export async function restoreRun(root: Root, run: Run, host: Host): Promise<PutBack> {
  if (run.state !== 'done') throw notFinished(run, 'put back')
  noteIfPossible(run, { state: 'putting-back', at: host.clock().toISOString(), because: 'asked for' })
  const told = await putAllBack(root, run, (done) => host.progress?.(done, run.header.files, 'putting back'))
  note(run, { state: told.stayed.length > 0 ? 'done' : 'put-back', at: host.clock().toISOString() })
  return told
}

/** What became of a purge. `changed` were written to since they were moved, and stay. */
export type Purged = { readonly purged: number; readonly bytes: number; readonly changed: readonly string[] }

/** Takes the files of a run away for good: old enough for sure, all well, and the service started again since. */
export async function purgeRun(root: Root, run: Run, host: Host): Promise<Purged> {
  if (run.state !== 'done' && run.state !== 'purging') throw notFinished(run, 'purged')
  if (run.state === 'done') {
    noteSighting(run, sightingNow(host))
    const { purgeInDays, days } = inTrash(root, run)
    if (purgeInDays !== null) {
      throw new CleanupRefusedError(
        'purge-too-early',
        `The run ${run.id} has lain in the trash for ${days} days for sure, and stays ${trashDays}. Come again in ${purgeInDays} days; nothing was touched. Days count as they are seen: by bibby trash list, or a Bibby that runs.`,
      )
    }
  }
  await mustBeRestarted(run, host)
  mustBeWell(await lookedAt(host))
  if (run.state === 'done') note(run, { state: 'purging', at: host.clock().toISOString() })
  return purgeAll(root, run, host)
}

async function mustBeRestarted(run: Run, host: Host): Promise<void> {
  const moved = run.steps.find(({ state }) => state === 'done')
  const service = await host.serviceInstance()
  if (service !== undefined && service !== moved?.service) return
  throw new CleanupRefusedError(
    'not-restarted',
    service !== undefined
      ? `The service has not been started since the run ${run.id}: who needs a file only at its start has not missed it yet. Start it again, then purge.`
      : 'The service does not run, so that nobody knows whether it starts without these files. Start it, then purge.',
  )
}

async function purgeAll(root: Root, run: Run, host: Host): Promise<Purged> {
  const changed: string[] = []
  let [purged, bytes] = [0, 0]
  for (const [slot, entry] of run.entries.entries()) {
    if (slot > 0 && slot % purgeBatch === 0) {
      host.progress?.(slot, run.header.files, 'purging')
      await wait((purgeBatch * 1_000) / purgePerSecond)
    }
    const stats = statIn(run.trash, String(slot))
    if (!stats) continue
    if (!isStill(entry, { stats, device: root.device })) {
      changed.push(shown(entry.path))
      continue
    }
    unlinkSync(within(run.trash, String(slot)))
    purged += 1
    bytes += entry.bytes
  }
  syncFolder(run.trash)
  host.progress?.(run.header.files, run.header.files, 'purging')
  const at = host.clock().toISOString()
  if (changed.length > 0) {
    note(run, { state: 'done', at, because: `${changed.length} were written to in the trash and stay` })
  } else {
    note(run, { state: 'purged', at })
  }
  return { purged, bytes, changed }
}

function notFinished({ id, state }: Run, what: string): CleanupRefusedError {
  const why =
    state === 'purged' || state === 'put-back'
      ? `is ${state === 'purged' ? 'purged' : 'put back'} already`
      : 'was cut off: see bibby cleanup resume'
  return new CleanupRefusedError(
    'run-not-finished',
    `The run ${id} cannot be ${what}: it ${why}. Nothing was touched.`,
  )
}
