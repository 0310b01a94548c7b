import type { Config } from '../config/config.ts'
import {
  bounds,
  type IncidentRefusal,
  incidents,
  openIncident,
  updateIncident,
} from '../incidents/incident.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Incident } from '../summary.ts'
import { incidentMessage, tellSubscribers } from '../tell/outbox.ts'
import { type Command, type Given, type Typed, unknownWord } from './given.ts'
import { publishNow } from './published.ts'
import { choiceOf, componentsOf, idOf, refused, textOf } from './typed.ts'

const verbs = ['open', 'update', 'resolve', 'list']
const dayMs = 86_400_000

/** Opens, updates, resolves and lists incidents, with everything else dead. */
export const incident: Command = async (given, typed, configOf) => {
  const verb = typed.words[0] ?? ''
  if (!verbs.includes(verb)) throw unknownWord('verb of incidents', verb, verbs)
  const config = configOf()
  using store = openStore(config.data)
  if (store.setAside)
    given.warn(`The database was damaged and was set aside as ${store.setAside}; a new one was begun.`)
  if (verb === 'list') return list(store, given, typed)
  const now = Date.now()
  const tell = (written: Incident) => tellSubscribers(store, config, incidentMessage(config, written), now)
  const written =
    verb === 'open' ? open({ store, config, typed, now, tell }) : update({ store, config, typed, now, tell })
  given.warn(`Incident ${written.id} is written: ${written.state}.`)
  const { exit, targets } = await publishNow(store, config, given)
  given.say(typed.options.json === true ? JSON.stringify({ incident: written, targets }) : written.id)
  return exit
}

type Writing = {
  readonly store: Store
  readonly config: Config
  readonly typed: Typed
  readonly now: number
  readonly tell: (written: Incident) => void
}

function open({ store, config, typed, now, tell }: Writing): Incident {
  const ask = {
    title: textOf(typed, 'title'),
    text: textOf(typed, 'text'),
    impact: choiceOf(typed, 'impact', ['minor', 'major', 'critical']),
    components: componentsOf(typed, config),
    now,
  }
  const done = openIncident(store, ask, tell)
  if ('opened' in done) return done.opened
  throw refused(
    done.refused === 'already-open'
      ? `An incident of this title is open: ${done.id}. Update it, or take another title.`
      : `${bounds.openMost} incidents are open, and no page tells of more. Resolve what is over, or update one of them.`,
  )
}

function update({ store, typed, now, tell }: Writing): Incident {
  const id = idOf(typed, 'incident')
  const isEnd = typed.words[0] === 'resolve'
  const states = ['investigating', 'identified', 'monitoring'] as const
  const state = isEnd
    ? 'resolved'
    : typed.options.state === undefined
      ? null
      : choiceOf(typed, 'state', states)
  const done = updateIncident(store, { id, state, text: textOf(typed, 'text'), now }, tell)
  if ('refused' in done) throw refused(sentences[done.refused](id, done.ids))
  return done.updated
}

const sentences: Readonly<Record<IncidentRefusal, (id: string, ids: readonly string[]) => string>> = {
  'incident-unknown': (id) => `There is no incident ${id}. See: bibby-status incident list --all`,
  'id-ambiguous': (id, ids) => `Several incidents begin with ${id}: ${ids.join(', ')}. Type more of it.`,
  'already-resolved': (_, ids) => `Incident ${ids[0]} is resolved. Open another one.`,
}

function list(store: Store, { say }: Given, { options }: Typed): number {
  const since = options.all === true ? 0 : Date.now() - 7 * dayMs
  const found = incidents(store, { resolvedSince: since })
  if (options.json === true) say(JSON.stringify(found))
  else
    for (const { id, state, impact, openedAt, title } of found)
      say([id, state.padEnd(13), impact.padEnd(8), openedAt, title].join('  '))
  return 0
}
