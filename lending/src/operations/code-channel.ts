import { worded } from '../language/worded.ts'
import type { NoticeService } from '../notice-service.ts'
import type { MailGoes } from '../notices/caught-mail.ts'
import { sendBy } from './send-by-notice-service.ts'
import { type CodeWebhook, sendByWebhook } from './send-by-webhook.ts'
import { type SendDirect, sendNothing } from './send-code.ts'

/** How codes reach whoever asked for them. */
export type CodeChannel = {
  readonly send: SendDirect
  /** Why none can reach anybody by these settings; undefined where it is tried. */
  readonly closedBecause?: string
}

/** What decides how codes are sent. */
export type CodeSettings = {
  readonly webhook: CodeWebhook | undefined
  readonly noticeService: NoticeService | undefined
  readonly mailGoes: MailGoes
  readonly isProduction: boolean
}

const caught = worded('code-unsent.caught')

/**
 * By the webhook where one is set, else by mail. A code is a second key: in production it is not left in a folder which
 * the first key opens.
 */
export function codeChannel({ webhook, noticeService, mailGoes, isProduction }: CodeSettings): CodeChannel {
  if (webhook) return { send: sendByWebhook(webhook) }
  if (!noticeService) return { send: sendNothing }
  if (isProduction && mailGoes === 'to-files') {
    return { send: async () => ({ notSentBecause: caught }), closedBecause: caught }
  }
  return { send: sendBy(noticeService) }
}
