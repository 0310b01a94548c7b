import type { Operation } from '@bibby/guard/operation.ts'
import type { State } from '@bibby/guard/state.ts'
import { type BackupsNow, backupsNow } from '../../backups/backups-now.ts'
import { type DrillNoted, drillsNoted } from '../../drills-noted.ts'
import { type Instance, instances } from '../../instances/instances.ts'
import type { Library } from '../../library.ts'
import type { NoticeFigures } from '../../notices/figures.ts'
import { type QueueNow, queueNow } from '../../notices/queue.ts'
import { type Fence, fence } from '../../postgres/fence.ts'
import type { TrafficCounts } from '../overload.ts'
import { type Beat, type Done, feels } from '../pulse.ts'
import type { Served } from './serve-page.ts'

/** What the operators' page tells. What the database did not say is undefined. */
export type NowFacts = {
  readonly at: Date
  readonly beats: readonly Beat[]
  readonly minute: Done
  readonly quarter: Done
  readonly fence: Fence | undefined
  /** Requests of all classes that are bounded. */
  readonly requests: { readonly running: number; readonly waiting: number }
  /** This one is among them. */
  readonly instances: readonly Instance[]
  readonly operations: readonly Operation[] | undefined
  readonly pools: readonly {
    readonly name: string
    readonly open: number
    readonly idle: number
    readonly waiting: number
  }[]
  readonly notices: {
    readonly queue: NoticeFigures['queue']
    readonly now: QueueNow | undefined
    /** Undefined where this process sends none. */
    readonly service: 'there' | 'starting' | undefined
  }
  /** Undefined where nobody keeps them. */
  readonly backups: BackupsNow | undefined
  /** What drills showed when they were last played for this library. */
  readonly drills: readonly DrillNoted[]
}

const minuteSeconds = 60
const quarterSeconds = 900
/** Files are looked at less often than the page is. */
const filesKeptMs = 60_000
const operationsMax = 20
/** Those that somebody waits for. */
const underWay: readonly State[] = ['planned', 'armed', 'executing', 'undoing']

/** Looks at everything at once; whoever asks while it is being looked at gets the same. */
export function nowFacts({ app, library }: Served): () => Promise<NowFacts> {
  const backups = rarely(filesKeptMs, async () => library.backups && backupsNow(library.backups))
  const drills = rarely(filesKeptMs, () => drillsNoted(library.dataFolder))
  const look = async (): Promise<NowFacts> => {
    const { db, installation, noticeFigures, noticeService, operations } = library
    if (app.pulse.beats().length === 0) await app.pulse.take()
    const [stands, others, atWork, queue, kept, noted] = await Promise.all([
      orNothing(fence(db)),
      orNothing(instances(db)),
      orNothing(operations.guard.list({ atMost: operationsMax, states: underWay })),
      orNothing(queueNow(db, installation)),
      orNothing(backups()),
      orNothing(drills()),
    ])
    const beats = [...app.pulse.beats()]
    return {
      at: library.clock(),
      beats,
      minute: app.pulse.since(minuteSeconds),
      quarter: app.pulse.since(quarterSeconds),
      fence: stands,
      requests: requestsOf(app.traffic()),
      instances: withOwn(library, others ?? [], beats.at(-1)),
      operations: atWork,
      pools: Object.entries(library.pools).map(([name, pool]) => ({ name, ...pool.counts() })),
      notices: {
        queue: noticeFigures.queue,
        now: queue,
        service: noticeService && (noticeService.url === undefined ? 'starting' : 'there'),
      },
      backups: kept,
      drills: noted ?? [],
    }
  }
  return shared(look)
}

function requestsOf(counts: TrafficCounts): NowFacts['requests'] {
  const all = Object.values(counts)
  return {
    running: all.reduce((sum, { running }) => sum + running, 0),
    waiting: all.reduce((sum, { waiting }) => sum + waiting, 0),
  }
}

/** What this process knows of itself is newer than what it has written down. */
function withOwn(library: Library, all: readonly Instance[], beat: Beat | undefined): readonly Instance[] {
  if (!beat) return all
  const { instance: name, version, commit, startedAt } = library
  const own = { name, version, commit, startedAt, seenAt: beat.at, isSilent: false, figures: feels(beat) }
  return [own, ...all.filter((each) => each.name !== name)]
}

async function orNothing<T>(asked: Promise<T>): Promise<T | undefined> {
  return asked.catch(() => undefined)
}

function shared<T>(look: () => Promise<T>): () => Promise<T> {
  let looking: Promise<T> | undefined
  return () => {
    looking ??= look().finally(() => {
      looking = undefined
    })
    return looking
  }
}

function rarely<T>(keptMs: number, look: () => Promise<T>): () => Promise<T> {
  let kept: { readonly until: number; readonly found: Promise<T> } | undefined
  return () => {
    if (!kept || kept.until < performance.now()) kept = { until: performance.now() + keptMs, found: look() }
    return kept.found
  }
}
