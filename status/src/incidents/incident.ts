import { randomBytes } from 'node:crypto'
import { changed } from '../store/facts.ts'
import type { Store } from '../store/store.ts'
import type { Incident, IncidentState, Update } from '../summary.ts'

/** How grave an incident is. */
export type Impact = Incident['impact']
/** Why an incident was not written. */
export type IncidentRefusal = 'incident-unknown' | 'id-ambiguous' | 'already-resolved'
/** Told in the transaction that writes an incident, so that subscribers hear of what was written and of nothing else. */
export type Telling = (incident: Incident) => void

/** The most characters that a title and a text may have, and the most incidents that are open at once. */
export const bounds = { title: 200, text: 5_000, openMost: 100 } as const

type Row = {
  readonly id: string
  readonly title: string
  readonly impact: Impact
  readonly components: string
  readonly opened_at: number
  readonly resolved_at: number | null
}

/** Opens one; on disk when it returns. The same title twice is a slip of the hand. */
export function openIncident(
  store: Store,
  {
    title,
    impact,
    components,
    text,
    now,
  }: { title: string; impact: Impact; components: readonly string[]; text: string; now: number },
  tell: Telling,
):
  | { readonly opened: Incident }
  | { readonly refused: 'already-open'; readonly id: string }
  | { readonly refused: 'too-many-open' } {
  return store.atomically(() => {
    const [same] = store.all<Row>('select * from incident where title = ? and resolved_at is null', [title])
    if (same) return { refused: 'already-open', id: same.id }
    const [open] = store.all<{ n: number }>('select count(*) as n from incident where resolved_at is null')
    if ((open?.n ?? 0) >= bounds.openMost) return { refused: 'too-many-open' }
    const id = newId()
    store.run('insert into incident (id, title, impact, components, opened_at) values (?, ?, ?, ?, ?)', [
      id,
      title,
      impact,
      JSON.stringify(components),
      now,
    ])
    return { opened: added(store, { id, state: 'investigating', text, now }, tell) }
  })
}

/** Adds an update to one that is open; the state `resolved` ends it. */
export function updateIncident(
  store: Store,
  { id: begun, state, text, now }: { id: string; state: IncidentState | null; text: string; now: number },
  tell: Telling,
): { readonly updated: Incident } | { readonly refused: IncidentRefusal; readonly ids: readonly string[] } {
  return store.atomically(() => {
    const found = store.all<Row>(
      'select * from incident where substr(id, 1, ?) = ? order by opened_at desc limit 10',
      [begun.length, begun],
    )
    const row = found.find(({ id }) => id === begun) ?? found[0]
    if (!row || begun === '') return { refused: 'incident-unknown', ids: [] }
    if (found.length > 1 && row.id !== begun)
      return { refused: 'id-ambiguous', ids: found.map(({ id }) => id) }
    if (row.resolved_at !== null) return { refused: 'already-resolved', ids: [row.id] }
    const [last] = store.all<{ state: IncidentState }>(
      'select state from incident_update where incident = ? order by id desc limit 1',
      [row.id],
    )
    const to = state ?? last?.state ?? 'investigating'
    if (to === 'resolved') store.run('update incident set resolved_at = ? where id = ?', [now, row.id])
    return { updated: added(store, { id: row.id, state: to, text, now }, tell) }
  })
}

/** Open ones first, then those resolved since; newest first. */
export function incidents(
  store: Store,
  { resolvedSince, most = 1_000 }: { resolvedSince: number; most?: number },
): Incident[] {
  return store
    .all<Row>(
      `select * from incident where resolved_at is null or resolved_at >= ?
       order by resolved_at is not null, opened_at desc, rowid desc limit ?`,
      [resolvedSince, most],
    )
    .map((row) => whole(store, row))
}

function added(
  store: Store,
  { id, state, text, now }: { id: string; state: IncidentState; text: string; now: number },
  tell: Telling,
): Incident {
  store.run('insert into incident_update (incident, at, state, text) values (?, ?, ?, ?)', [
    id,
    now,
    state,
    text,
  ])
  changed(store)
  const [row] = store.all<Row>('select * from incident where id = ?', [id])
  if (!row) throw new Error(`Incident ${id} was written and is not there.`)
  const incident = whole(store, row)
  tell(incident)
  return incident
}

function whole(store: Store, row: Row): Incident {
  const updates = store
    .all<{ at: number; state: IncidentState; text: string }>(
      'select at, state, text from incident_update where incident = ? order by id desc',
      [row.id],
    )
    .map(({ at, state, text }): Update<IncidentState> => ({ at: iso(at), state, text }))
  return {
    id: row.id,
    title: row.title,
    impact: row.impact,
    state: updates[0]?.state ?? 'investigating',
    openedAt: iso(row.opened_at),
    resolvedAt: row.resolved_at === null ? null : iso(row.resolved_at),
    components: JSON.parse(row.components) as string[],
    updates,
  }
}

/** A new id: eight characters that are told over a telephone without doubt. */
export function newId(): string {
  const letters = 'abcdefghjkmnpqrstuvwxyz23456789'
  return [...randomBytes(8)].map((byte) => letters[byte % letters.length]).join('')
}

function iso(at: number): string {
  return new Date(at).toISOString()
}
