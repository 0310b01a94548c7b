import { isMessageId } from '../../language/messages.ts'
import type { Facts } from '../../notices/kinds.ts'
import type { Visit } from './visit.ts'
import { dayText } from './wording.ts'

/** Why something was not sent, or nothing is sent now; a reason that has no words is told as it is. */
export function reasonText({ say }: Pick<Visit, 'say'>, because: string | null): string {
  const id = `notice-reason.${because ?? 'none'}`
  return isMessageId(id) ? say(id) : (because ?? '').replaceAll('-', ' ')
}

/** What a notice tells, in a few words. */
export function factsText(visit: Visit, facts: Facts): string {
  const { say } = visit
  const day = (text: string) => ({ day: dayText(visit, text) })
  return [
    facts.title,
    facts.dueOn && say('notice-facts.due', day(facts.dueOn)),
    facts.until && say('notice-facts.until', day(facts.until)),
    facts.expiresOn && say('notice-facts.card-until', day(facts.expiresOn)),
  ]
    .filter(Boolean)
    .join(', ')
}

/** A span such as `3 hours`, in the largest unit that it fills. */
export function spanText({ say }: Pick<Visit, 'say'>, seconds: number): string {
  if (seconds < 60) return say('span.less-than-minute')
  if (seconds < 3_600) return say('span.minutes', { count: Math.floor(seconds / 60) })
  if (seconds < 2 * 86_400) return say('span.hours', { count: Math.floor(seconds / 3_600) })
  return say('span.days', { count: Math.floor(seconds / 86_400) })
}
