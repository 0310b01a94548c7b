import { randomBytes } from 'node:crypto'
import { shown } from './file-name.ts'
import { lookedAt, mustBeWell, worse } from './health.ts'
import { type Health, type Host, planMinutes } from './host.ts'
import { moveAll } from './move.ts'
import { openFiles } from './open-files.ts'
import { mustBeAllowed, type Plan, type Planned, planned } from './plan.ts'
import { keptPlan } from './plan-note.ts'
import { type PutBack, putAllBack } from './put-back.ts'
import { CleanupRefusedError } from './refusal.ts'
import { readable } from './resume.ts'
import type { Root } from './root.ts'
import { beginRun, note, noteIfPossible, noteSighting, openRun, type Run, runIds } from './run-record.ts'
import { sightingNow } from './trash.ts'

/** What a run has done. */
export type Ran = {
  readonly run: string
  readonly root: string
  readonly moved: number
  readonly bytes: number
  /** Files that somebody changed meanwhile: they are where they were. */
  readonly left: readonly string[]
}

/** Given with a run. */
export type RunAsk = { readonly phrase?: string | undefined; readonly signal?: AbortSignal | undefined }

const shownMax = 10

/** Moves what a plan names into the trash: all looks are taken anew, and the least difference refuses. */
export async function runPlan(
  root: Root,
  host: Host,
  { digest, phrase, signal }: RunAsk & { digest: string },
): Promise<Ran> {
  mustBeFresh(keptPlan(root, digest), host)
  refuseUnfinished(root)
  const now = await planned(root, host)
  if (now.plan.digest !== digest) throw changed(keptPlan(root, digest), now.plan)
  mustBeAllowed(now.plan)
  if (host.confirms && phrase !== now.plan.phrase) {
    throw new CleanupRefusedError(
      'unconfirmed',
      `${phrase === undefined ? 'It has to be confirmed' : 'That is not the phrase'}: type ${JSON.stringify(now.plan.phrase)}. Nothing was touched.`,
      { details: { phrase: now.plan.phrase } },
    )
  }
  refuseOpen(root, now)
  const before = await lookedAt(host, signal)
  mustBeWell(before)
  if (signal?.aborted) throw new CleanupRefusedError('stopped', 'It was stopped. Nothing was touched.')
  const id = `${host.clock().toISOString().replaceAll(/[-:.]/g, '')}-${digest.slice(0, 8)}-${randomBytes(2).toString('hex')}`
  const header = { id, root: root.setting.name, digest, files: now.plan.files, bytes: now.plan.bytes }
  beginRun(root, { header, entries: now.chosen })
  using run = openRun(root, id)
  if (!run) throw new Error('A run that was just written down is not there.')
  note(run, { state: 'moving', at: host.clock().toISOString() })
  return await carryOut(root, { run, folders: now.tree.folders, before, host, signal })
}

type Carry = {
  readonly run: Run
  readonly folders: ReadonlyMap<string, string>
  readonly before: Health
  readonly host: Host
  readonly signal: AbortSignal | undefined
}

async function carryOut(root: Root, { run, folders, before, host, signal }: Carry): Promise<Ran> {
  const at = () => host.clock().toISOString()
  const backBecause = async (because: string): Promise<PutBack> => {
    noteIfPossible(run, { state: 'putting-back', at: at(), because })
    const told = await putAllBack(root, run, (done) =>
      host.progress?.(done, run.header.files, 'putting back'),
    )
    noteIfPossible(run, { state: told.stayed.length > 0 ? 'done' : 'put-back', at: at(), because })
    return told
  }
  const moved = await moveAll(root, run, {
    folders,
    signal,
    progress: (done) => host.progress?.(done, run.header.files, 'moving'),
  }).catch(async (cause: unknown) => {
    const told = await backBecause('stopped while moving')
    throw new CleanupRefusedError('stopped', `It was stopped while moving. ${inWords(told)}`, {
      cause,
      details: told,
    })
  })
  const ill = worse(before, await lookedAt(host, signal))
  if (ill.length > 0) {
    const told = await backBecause(ill.join('; '))
    throw new CleanupRefusedError(
      'unhealthy-after',
      `With the files in the trash not all was well: ${ill.join('; ')}. ${inWords(told)}`,
      { details: { ill, ...told } },
    )
  }
  try {
    const service = (await host.serviceInstance()) ?? null
    note(run, { state: 'done', at: at(), service })
  } catch (cause) {
    const told = await backBecause('its end could not be written down')
    throw new CleanupRefusedError(
      'cannot-write',
      `The end of the run cannot be written down. ${inWords(told)}`,
      {
        cause,
      },
    )
  }
  noteSighting(run, sightingNow(host))
  return { run: run.id, root: root.setting.name, ...moved }
}

/** What became of putting back, as a sentence. */
function inWords({ back, stayed, missing }: PutBack): string {
  const some = (names: readonly string[]) =>
    `${names.slice(0, shownMax).join(', ')}${names.length > shownMax ? ` and ${names.length - shownMax} more` : ''}`
  return [
    `${back.toLocaleString('en')} files were put back.`,
    stayed.length > 0 ? `These lie in the trash still, for their place is taken: ${some(stayed)}.` : '',
    missing.length > 0
      ? `These are in neither place, for somebody else took them away: ${some(missing)}.`
      : '',
  ]
    .filter((part) => part !== '')
    .join(' ')
}

function mustBeFresh({ plannedAt }: Plan, host: Host): void {
  const ageMs = host.clock().getTime() - Date.parse(plannedAt)
  if (ageMs >= 0 && ageMs <= planMinutes * 60_000) return
  throw new CleanupRefusedError(
    'plan-too-old',
    `${ageMs < 0 ? 'The plan was made after now: the clock was set back' : `The plan is older than ${planMinutes} minutes`}. Make it again; nothing was touched.`,
  )
}

function changed(then: Plan, now: Plan): CleanupRefusedError {
  return new CleanupRefusedError(
    'plan-changed',
    `The files of ${now.root} have changed since the plan: it named ${then.files.toLocaleString('en')} files of ${then.bytes.toLocaleString('en')} bytes, by now it would be ${now.files.toLocaleString('en')} of ${now.bytes.toLocaleString('en')}${then.files === now.files && then.bytes === now.bytes ? ', not the same ones' : ''}. Plan again; nothing was touched.`,
    { details: { then, now } },
  )
}

function refuseOpen(root: Root, { chosen }: Planned): void {
  const open = openFiles(chosen, root)
  if (open.length === 0) return
  const some = open
    .slice(0, shownMax)
    .map(({ entry, process }) => `${shown(entry.path)} by process ${process}`)
  throw new CleanupRefusedError(
    'files-open',
    `Files that are to go are in use: ${some.join(', ')}${open.length > shownMax ? ` and ${open.length - shownMax} more` : ''}. Nothing was touched.`,
    { details: { open: open.length } },
  )
}

function refuseUnfinished(root: Root): void {
  for (const id of runIds(root)) {
    using run = readable(root, id)
    if (run?.state !== 'moving' && run?.state !== 'putting-back') continue
    throw new CleanupRefusedError(
      'unfinished-run',
      `The run ${id} of ${root.setting.name} was cut off. See bibby cleanup resume; nothing was touched.`,
      { details: { run: id } },
    )
  }
}
