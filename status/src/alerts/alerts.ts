import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import { alertMessage } from '../tell/changes.ts'
import { tellContacts } from '../tell/outbox.ts'

/** Begins, goes on with or ends an alert; the contacts hear of the first and the last. An empty sentence: all is well. */
export function setAlert(
  store: Store,
  config: Config,
  {
    name,
    of,
    sentence,
    now,
  }: {
    name: string
    /** Of an alert that can hold for several at once, for which. */
    of?: string
    sentence: string
    now: number
  },
): void {
  const key = of === undefined ? name : `${name} ${of}`
  store.atomically(() => {
    const changes =
      sentence === ''
        ? store.run('delete from alert where name = ?', [key])
        : store.run('insert into alert (name, since) values (?, ?) on conflict (name) do nothing', [key, now])
    if (changes === 0) return
    const isOver = sentence === ''
    tellContacts(
      store,
      config,
      alertMessage(config, { name, of, isOver, sentence: isOver ? 'It is over.' : sentence, at: now }),
      now,
    )
  })
}

/** For whom an alert of this name holds. */
export function heldAlerts(store: Store, name: string): string[] {
  return store
    .all<{ name: string }>('select name from alert order by name')
    .flatMap((row) => (row.name.startsWith(`${name} `) ? [row.name.slice(name.length + 1)] : []))
}
