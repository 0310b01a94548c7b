import { targets } from '../publish/publish.ts'
import { summarize } from '../publish/summarize.ts'
import { openStore } from '../store/store.ts'
import type { Command } from './given.ts'

/** Says what the page says now, and how publishing goes. */
export const show: Command = ({ say }, { options }, configOf) => {
  const config = configOf()
  using store = openStore(config.data)
  const summary = summarize(store, config, Date.now())
  const published = targets(store)
  if (options.json === true) {
    say(JSON.stringify({ ...summary, targets: published }))
    return 0
  }
  say(`${config.page.name}: ${summary.overall}`)
  for (const { id, verdict, since, because } of summary.components)
    say(`  ${id.padEnd(20)} ${verdict.padEnd(15)} ${since ?? 'never'}  ${because}`)
  for (const { id, state, title } of summary.incidents.filter(({ resolvedAt }) => resolvedAt === null))
    say(`  incident ${id}  ${state}  ${title}`)
  for (const { name, published_at: at, problem } of published) {
    say(`  target ${name.padEnd(13)} ${at === null ? 'never' : new Date(at).toISOString()}  ${problem}`)
  }
  return 0
}
