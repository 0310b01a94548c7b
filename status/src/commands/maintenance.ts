import type { Config } from '../config/config.ts'
import { maintenances, moveMaintenance, planMaintenance } from '../incidents/maintenance.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Maintenance, MaintenanceState } from '../summary.ts'
import { maintenanceMessage, tellSubscribers } from '../tell/outbox.ts'
import { type Command, type Given, type Typed, unknownWord } from './given.ts'
import { publishNow } from './published.ts'
import { componentsOf, idOf, momentOf, refused, textOf } from './typed.ts'

const stateOf: Readonly<Record<string, MaintenanceState>> = {
  start: 'in-progress',
  complete: 'completed',
  cancel: 'cancelled',
}
const verbs = ['plan', ...Object.keys(stateOf), 'list']

/** Plans work, starts, completes, cancels and lists it. */
export const maintenance: Command = async (given, typed, configOf) => {
  const verb = typed.words[0] ?? ''
  if (!verbs.includes(verb)) throw unknownWord('verb of maintenances', verb, verbs)
  const config = configOf()
  using store = openStore(config.data)
  if (verb === 'list') return list(store, given, typed)
  const written = verb === 'plan' ? plan(store, config, typed) : move(store, config, typed)
  given.warn(`Maintenance ${written.id} is written: ${written.state}.`)
  const { exit, targets } = await publishNow(store, config, given)
  given.say(typed.options.json === true ? JSON.stringify({ maintenance: written, targets }) : written.id)
  return exit
}

function plan(store: Store, config: Config, typed: Typed): Maintenance {
  const now = Date.now()
  const ask = {
    title: textOf(typed, 'title'),
    text: textOf(typed, 'text'),
    components: componentsOf(typed, config),
    from: momentOf(typed, 'from'),
    to: momentOf(typed, 'to'),
    now,
  }
  if (ask.to <= ask.from) throw refused('--to must be after --from.')
  if (ask.to <= now) throw refused('--to is past: this work is over.')
  return planMaintenance(store, ask, (written) =>
    tellSubscribers(store, config, maintenanceMessage(config, written), now),
  )
}

function move(store: Store, config: Config, typed: Typed): Maintenance {
  const now = Date.now()
  const id = idOf(typed, 'maintenance')
  const state = stateOf[typed.words[0] ?? ''] ?? 'in-progress'
  const done = moveMaintenance(store, { id, state, text: textOf(typed, 'text'), now }, (written) =>
    tellSubscribers(store, config, maintenanceMessage(config, written), now),
  )
  if ('moved' in done) return done.moved
  if (done.refused === 'maintenance-unknown')
    throw refused(`There is no maintenance ${id}. See: bibby-status maintenance list`)
  if (done.refused === 'id-ambiguous')
    throw refused(`Several begin with ${id}: ${done.ids.join(', ')}. Type more of it.`)
  throw refused(`Maintenance ${done.ids[0]} is ${done.state}: it cannot become ${state}.`)
}

function list(store: Store, { say }: Given, { options }: Typed): number {
  const found = maintenances(store, { endedSince: 0 })
  if (options.json === true) say(JSON.stringify(found))
  else
    for (const { id, state, from, to, title } of found)
      say([id, state.padEnd(11), from, to, title].join('  '))
  return 0
}
