import { dayOf } from './days.ts'
import type { Store } from './store.ts'

const hourMs = 3_600_000
const rowsMost = 5_000

/** How long things are kept. Incidents and maintenances stay: they are few. */
export const keptMs = {
  samples: 26 * hourMs,
  slices: 26 * hourMs,
  days: 95 * 24 * hourMs,
  traffic: 74 * hourMs,
  deliveries: 30 * 24 * hourMs,
  asked: 48 * hourMs,
} as const

/** Removes what is too old, a little at a time, so that nobody waits for it. Samples of a far future go too. */
export function tidy(store: Store, now: number): void {
  store.atomically(() => {
    const old = (ms: number) => [now - ms, rowsMost]
    store.run(
      'delete from sample where id in (select id from sample where at < ? limit ?)',
      old(keptMs.samples),
    )
    store.run('delete from sample where id in (select id from sample where at > ? limit ?)', [
      now + keptMs.samples,
      rowsMost,
    ])
    store.run('delete from slice where at < ?', [now - keptMs.slices])
    store.run('delete from day where day < ?', [dayOf(now - keptMs.days)])
    store.run('delete from traffic where at < ? or at > ?', [now - keptMs.traffic, now + keptMs.traffic])
    store.run(
      `delete from delivery where id in
       (select id from delivery where state in ('done', 'dead') and made_at < ? limit ?)`,
      old(keptMs.deliveries),
    )
    store.run(`delete from subscription where state = 'asked' and asked_at < ?`, [now - keptMs.asked])
  })
}
