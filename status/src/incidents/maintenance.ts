import { changed } from '../store/facts.ts'
import type { Store } from '../store/store.ts'
import type { Maintenance, MaintenanceState, Update } from '../summary.ts'
import { newId } from './incident.ts'

/** Why a maintenance was not written. */
export type MaintenanceRefusal = 'maintenance-unknown' | 'id-ambiguous' | 'wrong-state'
/** Told in the transaction that writes a maintenance. */
export type MaintenanceTelling = (maintenance: Maintenance) => void

const aheadMost = 500

type Row = {
  readonly id: string
  readonly title: string
  readonly components: string
  readonly starts_at: number
  readonly ends_at: number
}

/** Plans work; on disk when it returns. It starts and ends by itself at its times, and by hand before. */
export function planMaintenance(
  store: Store,
  ask: { title: string; components: readonly string[]; text: string; from: number; to: number; now: number },
  tell: MaintenanceTelling,
): Maintenance {
  return store.atomically(() => {
    const id = newId()
    store.run('insert into maintenance (id, title, components, starts_at, ends_at) values (?, ?, ?, ?, ?)', [
      id,
      ask.title,
      JSON.stringify(ask.components),
      ask.from,
      ask.to,
    ])
    return added(store, { id, state: 'scheduled', text: ask.text, now: ask.now }, tell)
  })
}

const mayCome: Readonly<Record<MaintenanceState, readonly MaintenanceState[]>> = {
  scheduled: ['in-progress', 'cancelled'],
  'in-progress': ['completed'],
  completed: [],
  cancelled: [],
}

/** Moves it on: starts, completes or cancels it. */
export function moveMaintenance(
  store: Store,
  { id: begun, state, text, now }: { id: string; state: MaintenanceState; text: string; now: number },
  tell: MaintenanceTelling,
):
  | { readonly moved: Maintenance }
  | {
      readonly refused: MaintenanceRefusal
      readonly ids: readonly string[]
      readonly state?: MaintenanceState
    } {
  return store.atomically(() => {
    const found = store.all<Row>('select * from maintenance where substr(id, 1, ?) = ? limit 10', [
      begun.length,
      begun,
    ])
    const row = found.find(({ id }) => id === begun) ?? found[0]
    if (!row || begun === '') return { refused: 'maintenance-unknown', ids: [] }
    if (found.length > 1 && row.id !== begun)
      return { refused: 'id-ambiguous', ids: found.map(({ id }) => id) }
    const is = whole(store, row).state
    if (!mayCome[is].includes(state)) return { refused: 'wrong-state', ids: [row.id], state: is }
    return { moved: added(store, { id: row.id, state, text, now }, tell) }
  })
}

type Step = { readonly id: string; readonly state: MaintenanceState; readonly text: string }

/** Starts what should have begun and ends what should be over. Tells how many moved. */
export function keepTimes(store: Store, now: number, tell: MaintenanceTelling): number {
  const due = aheadOf(store).flatMap(({ id, state, from, to }): Step[] => {
    if (state === 'scheduled' && Date.parse(from) <= now)
      return [{ id, state: 'in-progress', text: 'The work has begun.' }]
    if (state === 'in-progress' && Date.parse(to) <= now)
      return [{ id, state: 'completed', text: 'The planned time is over.' }]
    return []
  })
  for (const step of due) moveMaintenance(store, { ...step, now }, tell)
  return due.length
}

/** Those that are to come or in progress, however long ago they should have ended. */
export function aheadOf(store: Store): Maintenance[] {
  return store
    .all<Row>(
      `select * from maintenance as m where
       (select state from maintenance_update where maintenance = m.id order by id desc limit 1)
         in ('scheduled', 'in-progress')
       order by starts_at limit ${aheadMost}`,
    )
    .map((row) => whole(store, row))
}

/** Those to come and in progress first, by their start; then those that ended since, newest first. */
export function maintenances(
  store: Store,
  { endedSince, most = 500 }: { endedSince: number; most?: number },
): Maintenance[] {
  const all = store
    .all<Row>('select * from maintenance where ends_at >= ? order by starts_at desc limit ?', [
      endedSince,
      most,
    ])
    .map((row) => whole(store, row))
  const ahead = aheadOf(store)
  return [...ahead, ...all.filter(({ id }) => !ahead.some((each) => each.id === id))]
}

function added(
  store: Store,
  { id, state, text, now }: { id: string; state: MaintenanceState; text: string; now: number },
  tell: MaintenanceTelling,
): Maintenance {
  store.run('insert into maintenance_update (maintenance, at, state, text) values (?, ?, ?, ?)', [
    id,
    now,
    state,
    text,
  ])
  changed(store)
  const [row] = store.all<Row>('select * from maintenance where id = ?', [id])
  if (!row) throw new Error(`Maintenance ${id} was written and is not there.`)
  const maintenance = whole(store, row)
  tell(maintenance)
  return maintenance
}

function whole(store: Store, row: Row): Maintenance {
  const updates = store
    .all<{ at: number; state: MaintenanceState; text: string }>(
      'select at, state, text from maintenance_update where maintenance = ? order by id desc',
      [row.id],
    )
    .map(({ at, state, text }): Update<MaintenanceState> => ({ at: new Date(at).toISOString(), state, text }))
  return {
    id: row.id,
    title: row.title,
    state: updates[0]?.state ?? 'scheduled',
    from: new Date(row.starts_at).toISOString(),
    to: new Date(row.ends_at).toISOString(),
    components: JSON.parse(row.components) as string[],
    updates,
  }
}
