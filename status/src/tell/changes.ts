import type { Config } from '../config/config.ts'
import type { Verdict } from '../summary.ts'
import type { Change } from '../watch/evaluate.ts'
import type { Message } from './outbox.ts'

/** Verdicts in the words of Statuspage, which has none for what is not known. */
const statuses: Readonly<Record<Verdict, string>> = {
  operational: 'operational',
  degraded: 'degraded_performance',
  'partial-outage': 'partial_outage',
  'major-outage': 'major_outage',
  unknown: 'unknown',
  maintenance: 'under_maintenance',
}

/** What those who look after the library hear when a component changes. */
export function changeMessage(config: Config, { component, from, to, because, at }: Change): Message {
  const name = config.components.find(({ id }) => id === component)?.name ?? component
  const when = new Date(at).toISOString()
  return {
    event: `component ${component} ${to} ${at}`,
    subject: `${name}: ${to.replace('-', ' ')}`,
    text: `${name} was ${from.replace('-', ' ')} and is ${to.replace('-', ' ')} since ${when}.\n${because}\n\n${config.page.url}\n`,
    json: {
      meta: { unsubscribe: '', documentation: '' },
      page: { id: 'bibby', status_indicator: '', status_description: config.page.name },
      component: { id: component, name, status: statuses[to], created_at: when },
      component_update: {
        id: `${component}-${at}`,
        component_id: component,
        old_status: statuses[from],
        new_status: statuses[to],
        created_at: when,
      },
    },
  }
}

/** What they hear when an alert begins or ends. Each alert has a page that says what to do. */
export function alertMessage(
  config: Config,
  {
    name,
    of,
    isOver,
    sentence,
    at,
  }: { name: string; of?: string | undefined; isOver: boolean; sentence: string; at: number },
): Message {
  const full = of === undefined ? name : `${name} ${of}`
  const page = `docs/operating/alerts/${name}.md`
  return {
    event: `alert ${full} ${isOver ? 'over' : 'begun'} ${at}`,
    subject: `${isOver ? 'Over' : 'Alert'}: ${full}`,
    text: `${sentence}\n\nWhat to do: ${page}\n${config.page.url}\n`,
    json: {
      alert: {
        name,
        ...(of === undefined ? {} : { of }),
        status: isOver ? 'resolved' : 'firing',
        summary: sentence,
        runbook: page,
        at: new Date(at).toISOString(),
      },
    },
  }
}
