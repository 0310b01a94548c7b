import type { Store } from './store.ts'

/** A small fact that is kept by name. */
export function fact(store: Store, name: string): string | undefined {
  return store.all<{ value: string }>('select value from fact where name = ?', [name])[0]?.value
}

/** Keeps a small fact. */
export function keepFact(store: Store, { name, value }: { name: string; value: string }): void {
  store.run(
    'insert into fact (name, value) values (?, ?) on conflict (name) do update set value = excluded.value',
    [name, value],
  )
}

/** Counts what readers must see: incidents, maintenances, verdicts. What was published is compared with it. */
export function revision(store: Store): number {
  return Number(fact(store, 'revision') ?? 0)
}

/** To be called in the transaction that changes something that readers must see. */
export function changed(store: Store): void {
  keepFact(store, { name: 'revision', value: String(revision(store) + 1) })
}
