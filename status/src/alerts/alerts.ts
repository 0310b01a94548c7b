import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import { alertMessage } from '../tell/changes.ts'
import { tellContacts } from '../tell/outbox.ts'

/** Begins, goes on with or ends an alert; the contacts hear of the first and the last. An empty sentence: all is well. */
export function setAlert(
  store: Store,
  config: Config,
  { name, sentence, now }: { name: string; sentence: string; now: number },
): void {
  store.atomically(() => {
    const changes =
      sentence === ''
        ? store.run('delete from alert where name = ?', [name])
        : store.run('insert into alert (name, since) values (?, ?) on conflict (name) do nothing', [
            name,
            now,
          ])
    if (changes === 0) return
    const isOver = sentence === ''
    tellContacts(
      store,
      config,
      alertMessage(config, { name, isOver, sentence: isOver ? 'It is over.' : sentence, at: now }),
      now,
    )
  })
}
