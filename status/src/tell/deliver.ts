import { createHmac } from 'node:crypto'
import type { Config } from '../config/config.ts'
import { ask } from '../probes/ask.ts'
import type { Store } from '../store/store.ts'
import { isForGood, sendMail } from './mail.ts'
import type { Delivery } from './outbox.ts'
import { guardedLookup, isRefusedAddress } from './private-address.ts'

const atOnceMost = 10
const triesMost = 12
const firstPauseMs = 15_000
const pauseMostMs = 3_600_000
const webhookTimeoutMs = 10_000

/**
 * What this process is sending. A row that says so and is not among them was left by a fault, or a process that died: it is
 * sent again, under the same name, so that whoever had it knows it.
 */
const underWay = new Set<string>()

/** Sends what is due, a few at a time; what fails waits, longer each time, and in the end is given up. */
export async function deliverDue(
  store: Store,
  config: Config,
  { clock, warn }: { clock: () => number; warn: (line: string) => void },
): Promise<void> {
  const due = store.atomically(() => {
    const left = store.all<{ id: string }>(`select id from delivery where state = 'sending'`)
    for (const { id } of left)
      if (!underWay.has(id)) store.run(`update delivery set state = 'waiting' where id = ?`, [id])
    const rows = store.all<Delivery>(
      `select * from delivery where state = 'waiting' and next_at <= ? order by next_at limit ?`,
      [clock(), atOnceMost],
    )
    for (const { id } of rows) store.run(`update delivery set state = 'sending' where id = ?`, [id])
    return rows
  })
  for (const { id } of due) underWay.add(id)
  await Promise.all(
    due.map(async (delivery) => {
      try {
        await (delivery.kind === 'mail' ? sendMail(config, delivery) : post(config, delivery))
        store.run(`update delivery set state = 'done', tries = tries + 1, why = '' where id = ?`, [
          delivery.id,
        ])
      } catch (error) {
        const why = error instanceof Error ? error.message : 'fault'
        const isDead = isForGood(error) || delivery.tries + 1 >= triesMost
        store.run('update delivery set state = ?, tries = tries + 1, next_at = ?, why = ? where id = ?', [
          isDead ? 'dead' : 'waiting',
          clock() + pauseAfter(delivery.tries),
          why.slice(0, 300),
          delivery.id,
        ])
        warn(`A ${delivery.kind} to ${shown(delivery)} is ${isDead ? 'given up' : 'put off'}. ${why}`)
      } finally {
        underWay.delete(delivery.id)
      }
    }),
  )
}

/** Anything from nothing to the cap, so that those who failed together do not come again together. */
export function pauseAfter(tries: number, dice = Math.random()): number {
  return Math.round(dice * Math.min(pauseMostMs, firstPauseMs * 2 ** tries))
}

async function post(config: Config, { id, address, secret, body }: Delivery): Promise<void> {
  if (!config.privateWebhooks && isRefusedAddress(new URL(address).hostname)) {
    throw Object.assign(new Error('It goes to a private address, which privateWebhooks does not allow.'), {
      isForGood: true,
    })
  }
  const { status } = await ask(address, {
    method: 'POST',
    timeoutMs: webhookTimeoutMs,
    body,
    bytesMost: 64 * 1024,
    ...(config.privateWebhooks ? {} : { lookup: guardedLookup }),
    headers: {
      'content-type': 'application/json',
      'x-status-delivery': id,
      'x-status-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    },
  })
  if (status === 410) throw Object.assign(new Error('It answers that it is gone (410).'), { isForGood: true })
  if (status < 200 || status > 299) throw new Error(`It answers with status ${status}.`)
}

/** Enough to know whom, and no more: addresses are personal. */
function shown({ kind, address }: Delivery): string {
  return kind === 'webhook' ? new URL(address).host : `…@${address.split('@')[1] ?? ''}`
}
