import type { configShape } from './config.ts'
import type { Shape } from './shape.ts'

type Read<S> = S extends Shape<infer T> ? T : never

/** What is right by itself and wrong together, as sentences. */
export function contradictions(read: Read<typeof configShape>): string[] {
  const problems = [
    ...twice(
      'component',
      read.components.map(({ id }) => id),
    ),
    ...read.components.flatMap(({ id, probes }) =>
      twice(
        `probe of ${id}`,
        probes.map((probe) => probe.id),
      ),
    ),
    ...twice(
      'target',
      read.publish.map(({ name }) => name),
    ),
    ...twice('prober', ['here', ...read.probers.map(({ name }) => name)]),
    ...twice(
      'peer',
      read.peers.map(({ name }) => name),
    ),
  ]
  for (const { id, probes } of read.components) {
    for (const probe of probes) {
      const everyMs = probe.everyMs ?? read.intervalMs
      if (probe.timeoutMs > everyMs) {
        problems.push(
          `${id}/${probe.id} may take ${probe.timeoutMs} ms (timeoutMs) and is asked each ${everyMs} ms: lower the one or raise the other.`,
        )
      }
    }
  }
  if (read.page.staleAfterMs < 3 * read.intervalMs) {
    problems.push(
      'page.staleAfterMs must be at least three times intervalMs, or the page calls itself stale while it is not.',
    )
  }
  if (read.network.needed > Math.max(1, read.network.anchors.length)) {
    problems.push('network.needed is more than there are anchors.')
  }
  if (
    read.mail === null &&
    (read.subscriptions.areOpen || read.contacts.some(({ kind }) => kind === 'mail'))
  ) {
    problems.push('mail is missing: subscriptions and contacts by mail need a mail server.')
  }
  if (read.subscriptions.areOpen && read.page.url === '') {
    problems.push('page.url is missing: the mails of subscriptions hold links to it.')
  }
  return problems
}

function twice(what: string, names: readonly string[]): string[] {
  const doubles = names.filter((name, index) => names.indexOf(name) !== index)
  return [...new Set(doubles)].map((name) => `There are two of the ${what} ${name}: give one another name.`)
}
