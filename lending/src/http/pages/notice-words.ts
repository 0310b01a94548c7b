import type { Facts } from '../../notices/kinds.ts'
import { counted, dayText } from './wording.ts'

/** Why something was not sent, or nothing is sent now. */
const reasons: Readonly<Record<string, string>> = {
  'refused-by-mail-server': 'the mail server refuses it for good',
  'refused-by-policy': 'a policy of the mail server refuses it, perhaps because of who sends it',
  'mail-put-off': 'the mail server put it off each time',
  'address-not-allowed': 'the address is none that may get mail from here',
  'no-address': 'the patron has no mail address any more',
  stale: 'it became too old before it could be sent',
  'mail-server-unavailable': 'the mail server is away',
  'notice-service-away': 'the notice service is away',
  'notice-service-unreachable': 'the notice service cannot be reached',
  'outcome-unknown': 'the mail server did not say what became of it',
  'no-answer': 'the notice service gave no answer',
  'writes-stopped': 'writing is halted',
  away: 'the notice service or its mail server is away',
}

/** A reason in words; one that has none is told as it is. */
export function reasonText(because: string | null): string {
  if (because === null) return 'no reason is known'
  return Object.hasOwn(reasons, because) ? (reasons[because] ?? '') : because.replaceAll('-', ' ')
}

/** What a notice tells, in a few words. */
export function factsText(facts: Facts): string {
  const day = (text: string) => dayText(visit, text)
  return [
    facts.title,
    facts.dueOn && `due ${day(facts.dueOn)}`,
    facts.until && `until ${day(facts.until)}`,
    facts.expiresOn && `card until ${day(facts.expiresOn)}`,
  ]
    .filter(Boolean)
    .join(', ')
}

/** A span such as `3 hours`, in the largest unit that it fills. */
export function spanText(seconds: number): string {
  if (seconds < 60) return 'less than a minute'
  if (seconds < 3_600) return counted(Math.floor(seconds / 60), 'minute')
  if (seconds < 2 * 86_400) return counted(Math.floor(seconds / 3_600), 'hour')
  return counted(Math.floor(seconds / 86_400), 'day')
}
