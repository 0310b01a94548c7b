import { createHash } from 'node:crypto'
import type { Config } from '../config/config.ts'
import type { Store } from '../store/store.ts'
import type { Incident, Maintenance } from '../summary.ts'
import { activeSubscriptions, leaveAddress } from './subscriptions.ts'

/** What is said, by mail and by webhook. */
export type Message = {
  /** The same event has the same name, so that nobody hears it twice. */
  readonly event: string
  readonly subject: string
  readonly text: string
  /** In the shape of Statuspage’s webhooks. */
  readonly json: object
}

/** One message on its way to one receiver. */
export type Delivery = {
  readonly id: string
  readonly kind: 'mail' | 'webhook'
  readonly address: string
  readonly secret: string
  readonly subject: string
  readonly body: string
  readonly leave: string
  readonly state: 'waiting' | 'sending' | 'done' | 'dead'
  readonly tries: number
}

/** Puts a message into the outbox for all subscribers; part of the transaction that it tells of. */
export function tellSubscribers(store: Store, config: Config, message: Message, now: number): void {
  for (const subscription of activeSubscriptions(store)) {
    put(store, message, {
      kind: subscription.kind,
      address: subscription.address,
      secret: subscription.secret,
      leave: leaveAddress(config, subscription),
      now,
    })
  }
}

/** Puts a message into the outbox for those who look after the library. */
export function tellContacts(store: Store, config: Config, message: Message, now: number): void {
  for (const contact of config.contacts) {
    const isMail = contact.kind === 'mail'
    put(store, message, {
      kind: contact.kind,
      address: isMail ? contact.to : contact.url,
      secret: isMail ? '' : config.secretAt(contact.secret),
      leave: '',
      now,
    })
  }
}

/** Puts one message into the outbox for one mailbox. */
export function tellOne(store: Store, message: Message, { to, now }: { to: string; now: number }): void {
  put(store, message, { kind: 'mail', address: to, secret: '', leave: '', now })
}

function put(
  store: Store,
  { event, subject, text, json }: Message,
  {
    kind,
    address,
    secret,
    leave,
    now,
  }: { kind: 'mail' | 'webhook'; address: string; secret: string; leave: string; now: number },
): void {
  const id = createHash('sha256')
    .update(JSON.stringify([event, kind, address]))
    .digest('hex')
    .slice(0, 32)
  store.run(
    `insert into delivery (id, kind, address, secret, subject, body, leave, state, tries, next_at, made_at, why)
     values (?, ?, ?, ?, ?, ?, ?, 'waiting', 0, ?, ?, '') on conflict (id) do nothing`,
    [id, kind, address, secret, subject, kind === 'mail' ? text : JSON.stringify(json), leave, now, now],
  )
}

/** What subscribers read of an incident. */
export function incidentMessage(config: Config, incident: Incident): Message {
  const [latest] = incident.updates
  return {
    event: `incident ${incident.id} ${incident.updates.length}`,
    subject: `${incident.title}: ${incident.state}`,
    text: words(config, {
      title: incident.title,
      state: incident.state,
      text: latest?.text ?? '',
      path: `incidents/${incident.id}.html`,
    }),
    json: {
      meta: { unsubscribe: '', documentation: '' },
      page: { id: 'bibby', status_indicator: incident.impact, status_description: incident.title },
      incident: {
        id: incident.id,
        name: incident.title,
        status: incident.state,
        impact: incident.impact,
        created_at: incident.openedAt,
        updated_at: latest?.at ?? incident.openedAt,
        resolved_at: incident.resolvedAt,
        incident_updates: incident.updates.map(({ at, state, text }, index) => ({
          id: `${incident.id}-${incident.updates.length - index}`,
          incident_id: incident.id,
          status: state,
          body: text,
          created_at: at,
          display_at: at,
        })),
      },
    },
  }
}

/** What subscribers read of planned work. */
export function maintenanceMessage(config: Config, maintenance: Maintenance): Message {
  const [latest] = maintenance.updates
  const status = maintenance.state.replace('-', '_')
  return {
    event: `maintenance ${maintenance.id} ${maintenance.updates.length}`,
    subject: `Maintenance ${maintenance.state.replace('-', ' ')}: ${maintenance.title}`,
    text: words(config, {
      title: `${maintenance.title}\nFrom ${maintenance.from} to ${maintenance.to}`,
      state: maintenance.state.replace('-', ' '),
      text: latest?.text ?? '',
      path: `maintenance/${maintenance.id}.html`,
    }),
    json: {
      meta: { unsubscribe: '', documentation: '' },
      page: { id: 'bibby', status_indicator: 'maintenance', status_description: maintenance.title },
      incident: {
        id: maintenance.id,
        name: maintenance.title,
        status,
        impact: 'maintenance',
        scheduled_for: maintenance.from,
        scheduled_until: maintenance.to,
        incident_updates: maintenance.updates.map(({ at, state, text }, index) => ({
          id: `${maintenance.id}-${maintenance.updates.length - index}`,
          incident_id: maintenance.id,
          status: state.replace('-', '_'),
          body: text,
          created_at: at,
          display_at: at,
        })),
      },
    },
  }
}

function words(
  config: Config,
  { title, state, text, path }: { title: string; state: string; text: string; path: string },
): string {
  const where = config.page.url === '' ? '' : `\n\n${config.page.url.replace(/\/$/, '')}/${path}`
  return `${title}\nState: ${state}\n\n${text}${where}\n`
}
