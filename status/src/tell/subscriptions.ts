import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { newId } from '../incidents/incident.ts'
import { keepFact } from '../store/facts.ts'
import type { Store } from '../store/store.ts'

const hourMs = 3_600_000

/** Who wants to hear of incidents. */
export type Subscription = {
  readonly id: string
  readonly kind: 'mail' | 'webhook'
  readonly address: string
  readonly state: 'asked' | 'active'
  /** Signs the links of this subscription, and the posts of a webhook. */
  readonly secret: string
}

/** All that were confirmed. */
export function activeSubscriptions(store: Store): Subscription[] {
  return subscriptions(store).filter(({ state }) => state === 'active')
}

/** All of them, by address. */
export function subscriptions(store: Store): Subscription[] {
  return store.all<Subscription>('select id, kind, address, state, secret from subscription order by address')
}

/** Adds one that needs no confirmation: the operator vouches for it. */
export function addSubscription(
  store: Store,
  { kind, address, now }: { kind: 'mail' | 'webhook'; address: string; now: number },
): Subscription {
  return store.atomically(() => {
    store.run(
      `insert into subscription (id, kind, address, state, secret, asked_at) values (?, ?, ?, 'active', ?, ?)
       on conflict (kind, address) do update set state = 'active'`,
      [newId(), kind, address, randomBytes(24).toString('base64url'), now],
    )
    return one(store, { kind, address })
  })
}

/**
 * Somebody asks for mail: the address hears nothing until its owner has confirmed it. Who asks is never told what came of
 * it, or the answer would tell whether an address subscribes.
 */
export function askFor(
  store: Store,
  config: Config,
  { address, now }: { address: string; now: number },
  mail: (subscription: Subscription) => void,
): void {
  store.atomically(() => {
    // Written in each case, so that the disk is waited for in each case: the time of the answer tells nothing either.
    keepFact(store, { name: 'asked-for-at', value: String(now) })
    const [counts] = store.all<{ fresh: number; every: number }>(
      'select count(*) filter (where asked_at > ?) as fresh, count(*) as every from subscription',
      [now - hourMs],
    )
    const { askedPerHourMax, most } = config.subscriptions
    const [known] = store.all<Subscription & { asked_at: number }>(
      `select * from subscription where kind = 'mail' and address = ?`,
      [address],
    )
    // One mail an hour to one address, however often it is asked for.
    if (known?.state === 'active' || (known && known.asked_at > now - hourMs)) return
    if ((counts?.fresh ?? 0) >= askedPerHourMax || (counts?.every ?? 0) >= most) return
    store.run(
      `insert into subscription (id, kind, address, state, secret, asked_at) values (?, 'mail', ?, 'asked', ?, ?)
       on conflict (kind, address) do update set asked_at = excluded.asked_at`,
      [newId(), address, randomBytes(24).toString('base64url'), now],
    )
    mail(one(store, { kind: 'mail', address }))
  })
}

/** What a signed link does. */
export type LinkVerb = 'confirm' | 'leave'

/** Does what a signed link says. False when the link is not ours, or its subscription is gone. */
export function follow(
  store: Store,
  config: Config,
  { verb, id, signature }: { verb: LinkVerb; id: string; signature: string },
): boolean {
  return store.atomically(() => {
    const [subscription] = store.all<Subscription>('select * from subscription where id = ?', [id])
    if (!subscription) return false
    const wanted = Buffer.from(signed(config, subscription, verb))
    const given = Buffer.from(signature)
    if (wanted.length !== given.length || !timingSafeEqual(wanted, given)) return false
    if (verb === 'confirm') store.run(`update subscription set state = 'active' where id = ?`, [id])
    else store.run('delete from subscription where id = ?', [id])
    return true
  })
}

/** Removes one by its address or id. */
export function removeSubscription(store: Store, which: string): boolean {
  return store.run('delete from subscription where address = ? or id = ?', [which, which]) > 0
}

/** Where its owner leaves; empty when the page has no address. */
export function leaveAddress(config: Config, subscription: Subscription): string {
  if (config.page.url === '') return ''
  return link(config, subscription, 'leave')
}

/** Where its owner confirms. */
export function confirmAddress(config: Config, subscription: Subscription): string {
  return link(config, subscription, 'confirm')
}

function link(config: Config, subscription: Subscription, verb: LinkVerb): string {
  const base = config.page.url.replace(/\/$/, '')
  return `${base}/${verb}?id=${subscription.id}&signature=${signed(config, subscription, verb)}`
}

function signed(config: Config, { id, address, secret }: Subscription, verb: LinkVerb): string {
  // The name of the page keeps links of a copied database from working elsewhere.
  return createHmac('sha256', secret)
    .update(JSON.stringify([verb, id, address, config.page.url]))
    .digest('base64url')
}

function one(store: Store, { kind, address }: { kind: string; address: string }): Subscription {
  const [row] = store.all<Subscription>('select * from subscription where kind = ? and address = ?', [
    kind,
    address,
  ])
  if (!row) throw new Error('The subscription was written and is not there.')
  return row
}
