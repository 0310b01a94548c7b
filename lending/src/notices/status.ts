import type { Library } from '../library.ts'
import { lookAtQueue, type NoticeFigures, noFigures } from './figures.ts'
import { type Balance, noticeBalance } from './ledger.ts'
import { type NoticeSettings, noticeSettings } from './notice-settings.ts'
import { queueNow } from './queue.ts'
import { noticeSwitch } from './set-notices.ts'

/** How it goes with notices. */
export type NoticeStatus = {
  readonly notices: 'on' | 'elsewhere' | 'off'
  /** Since when nothing goes out, and why; null while it does. */
  readonly halted: { readonly since: string; readonly because: string } | null
  readonly balance: Balance
  readonly queue: NoticeFigures['queue']
  readonly settings: NoticeSettings
}

/** Looks at everything about notices at once. */
export async function noticeStatus({ db, installation, clock }: Library): Promise<NoticeStatus> {
  const figures = noFigures()
  const [notices, queue, balance, settings] = await Promise.all([
    noticeSwitch(db, installation),
    queueNow(db, installation),
    noticeBalance(db),
    noticeSettings(db),
    lookAtQueue(db, figures, clock()),
  ])
  const { haltedSince, haltedBecause } = queue
  const halted =
    haltedSince && haltedBecause !== null
      ? { since: haltedSince.toISOString(), because: haltedBecause }
      : null
  return { notices, halted, balance, queue: figures.queue, settings }
}
