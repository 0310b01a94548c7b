import { isAllowed, parseAddress } from './address.ts'
import type { NoticeConfig } from './config.ts'
import { digestOf, messageIdOf, type Notice, writeMail } from './mail.ts'
import type { MailPool } from './mail-pool.ts'
import type { Memory, Remembered } from './memory.ts'
import type { SendEnd } from './smtp-session.ts'
import type { Turns } from './turns.ts'

/** Why a notice was not sent, or why that is not known. */
export type RefusalCode =
  | 'refused-by-mail-server'
  | 'address-not-allowed'
  | 'mail-server-unavailable'
  | 'mail-put-off'
  | 'refused-by-policy'
  | 'outcome-unknown'
  | 'in-progress'
  | 'id-reused'
  | 'too-busy'
  | 'memory-unavailable'
  | 'stopping'

/**
 * What became of a notice. `repeated`: its id was given to a mail server before. `tries` counts how often a mail
 * server may have taken it; with `sent` before, nothing was sent again.
 */
export type Delivery =
  | {
      readonly outcome: 'sent'
      readonly messageId: string
      readonly repeated: boolean
      readonly tries: number
    }
  | {
      readonly refused: RefusalCode
      readonly detail?: string
      readonly messageId?: string
      readonly tries?: number
    }

/** What a delivery needs. */
export type DeliveryParts = {
  readonly memory: Memory
  readonly pool: MailPool
  readonly turns: Turns
  readonly from: NoticeConfig['from']
  readonly onlyTo: readonly string[]
  readonly digestKey: string
  readonly clock: () => Date
  /** Called when something was sent that could not be written down, or the like. */
  readonly warn: (what: string, error: unknown) => void
}

/** When a delivery is to end early. */
export type DeliverySignals = {
  /** Aborted: the mail is not to leave any more. What has left is waited for. */
  readonly signal: AbortSignal
  /** Aborted: do not wait for the mail server’s last word either. */
  readonly hurry: AbortSignal
}

/** Makes the one operation of this service. It answers when the mail server has answered, and keeps no queue. */
export function deliverer(
  parts: DeliveryParts,
): (notice: Notice, signals: DeliverySignals) => Promise<Delivery> {
  const { memory, turns, from, onlyTo, digestKey } = parts
  const ownHost = from.address.slice(from.address.lastIndexOf('@') + 1)
  const underWay = new Set<string>()
  return async (notice, signals) => {
    const { id } = notice
    const digest = digestOf(notice, digestKey)
    if (underWay.has(id)) return { refused: 'in-progress' }
    const before = memory.recall(id)
    if (before && before.digest !== digest) return { refused: 'id-reused' }
    if (before?.isSent) return sent(id, before, { repeated: true })
    const address = parseAddress(notice.to.email)
    if (!address)
      return { refused: 'refused-by-mail-server', detail: 'This is not an address that mail can go to.' }
    if (!isAllowed(address, onlyTo)) return { refused: 'address-not-allowed' }

    underWay.add(id)
    try {
      const turn = await turns.take(signals.signal)
      if (turn === 'full') return { refused: 'too-busy' }
      if (turn === 'left')
        return { refused: 'mail-server-unavailable', detail: 'Its time was over while it waited.' }
      try {
        const host = before?.host ?? ownHost
        return await send(parts, notice, { ...signals, address, host, digest })
      } finally {
        turn()
      }
    } finally {
      underWay.delete(id)
    }
  }
}

function sent(
  id: string,
  { host, tries }: Pick<Remembered, 'host' | 'tries'>,
  { repeated }: { repeated: boolean },
): Delivery {
  return { outcome: 'sent', messageId: messageIdOf(id, host), repeated, tries }
}

type Sending = DeliverySignals & {
  readonly address: NonNullable<ReturnType<typeof parseAddress>>
  readonly host: string
  readonly digest: string
}

async function send(parts: DeliveryParts, notice: Notice, sending: Sending): Promise<Delivery> {
  const { memory, pool, from, clock, warn } = parts
  const { address, host, digest, signal, hurry } = sending
  const { id } = notice
  const messageId = messageIdOf(id, host)
  const mail = await writeMail(notice, { address, from, messageId, date: clock() })
  let forgetful: unknown
  let isRemembered = false
  const end = await pool.send(mail, {
    signal,
    hurry,
    beforeContent: async () => {
      try {
        await memory.trying(id, { digest, host })
        isRemembered = true
      } catch (error) {
        forgetful = error
        throw error
      }
    },
  })
  if (forgetful !== undefined) {
    warn('The memory of ids could not be written; nothing was sent.', forgetful)
    return { refused: 'memory-unavailable' }
  }
  if (end.end === 'sent') {
    await memory.sent(id).catch((error: unknown) => warn('A sent notice could not be written down.', error))
    const tries = memory.recall(id)?.tries ?? 1
    return sent(id, { host, tries }, { repeated: tries > 1 })
  }
  if (end.end !== 'unknown' && isRemembered) {
    // Left undone, a repeat is only said to be one more often than it is.
    await memory
      .notTaken(id)
      .catch((error: unknown) => warn('A refused notice could not be written down.', error))
  }
  const tries = memory.recall(id)?.tries ?? 0
  return { ...refusal(end), ...(tries > 0 ? { tries, messageId } : {}) }
}

function refusal(end: Exclude<SendEnd, { end: 'sent' }>): Extract<Delivery, { refused: string }> {
  if (end.end === 'refused') return { refused: 'refused-by-mail-server', detail: end.words }
  if (end.end === 'unknown') return { refused: 'outcome-unknown', detail: end.why }
  return { refused: notTakenCodes[end.isPutOff ?? 'all'], detail: end.words ?? end.why }
}

const notTakenCodes = {
  all: 'mail-server-unavailable',
  'of-this-mail': 'mail-put-off',
  'by-policy': 'refused-by-policy',
} as const
