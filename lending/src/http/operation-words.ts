import type { Some } from '@bibby/guard/difference.ts'
import type { Refusal } from '@bibby/guard/refusal.ts'
import { isMessageId, type SayText } from '../language/messages.ts'
import { readWords } from '../language/worded.ts'

/** Why an operation was refused or stopped: the facts of it, as sentences; none where the code says it all. */
export function endingLines(say: SayText, refusal: { readonly refused: string }): readonly string[] {
  const told = refusal as Refusal
  switch (told.refused) {
    case 'over-ceiling': {
      const { over, count, total, ceiling } = told.over
      const isMore = over === 'rows' ? 'yes' : 'no'
      return [
        say('ending.over-ceiling', { count, isMore, total, rows: ceiling.rows, percent: ceiling.percent }),
      ]
    }
    case 'in-the-way':
      return told.obstacles.map(({ obstacle, ...some }) =>
        say('ending.fact', { what: obstacleWords(say, obstacle), which: named(say, some) }),
      )
    case 'under-floor':
      return told.breaches.map(({ part, of, wouldBe, atLeast }) =>
        say('ending.under-floor', {
          part: readWords(say, part),
          of: readWords(say, of),
          wouldBe,
          atLeast,
        }),
      )
    case 'set-changed':
    case 'changed-since': {
      const { added, gone, changed } = told.difference
      const kinds = [['new', added] as const, ['gone', gone] as const, ['changed', changed] as const]
      return kinds.flatMap(([kind, some]) =>
        some.count === 0 ? [] : [say(`ending.${kind}`, { which: named(say, some) })],
      )
    }
    case 'unhealthy':
    case 'code-not-sent':
      return told.because === '' ? [] : [say('ending.reason', { because: readWords(say, told.because) })]
    case 'stopped':
      return told.because === '' ? [] : [say('ending.reason-given', { because: told.because })]
    case 'code-wrong':
    case 'code-expired':
      return [say('ending.tries-left', { count: told.triesLeft })]
    default:
      return []
  }
}

/** What an operation is called, as within a sentence: `withdraw copies`. */
export function operationName(say: SayText, name: string): string {
  const id = `operation-name.${name}`
  return isMessageId(id) ? say(id) : name.replaceAll('-', ' ')
}

function obstacleWords(say: SayText, obstacle: string): string {
  const id = `obstacle.${obstacle}`
  return isMessageId(id) ? say(id) : obstacle
}

function named(say: SayText, { count, labels }: Some): string {
  // It is forgotten which they were.
  if (labels.length === 0) return say('ending.count', { count })
  const [more, some] = [count - labels.length, labels.map((label) => readWords(say, label)).join(', ')]
  return more > 0 ? say('ending.listed-more', { listed: some, more }) : some
}
