import type { Some } from '@bibby/guard/difference.ts'
import type { Refusal } from '@bibby/guard/refusal.ts'

const obstacles: Readonly<Record<string, string>> = {
  'on-loan': 'On loan',
  'waited-for': 'Somebody waits for it',
  'on-hold': 'Waits for',
  'on-hold-shelf': 'On the hold shelf',
  'in-transit': 'On its way to another branch',
  'unpaid-fine': 'A fine for it is unpaid',
  'branch-unknown': 'There is no such branch',
  'item-type-unknown': 'There is no such item type',
  'copy-unknown': 'No copy has this barcode',
  'withdrawn-already': 'Withdrawn already',
  'copy-elsewhere': 'Stands elsewhere',
  'notices-on-already': 'Notices are on already',
  owes: 'Owes',
  protected: 'Protected',
  'patron-unknown': 'Nobody has this card',
  'patron-merged': 'Merged into another record',
  'patron-erased': 'Erased already',
  'queue-too-long': 'More notices are queued than can be looked at',
}

/** Why an operation was refused or stopped: the facts of it, as sentences; none where the code says it all. */
export function endingLines(refusal: { readonly refused: string }): readonly string[] {
  const told = refusal as Refusal
  switch (told.refused) {
    case 'over-ceiling': {
      const { over, count, total, ceiling } = told.over
      const touched = `${number(count)}${over === 'rows' ? ' or more' : ''} of ${number(total)}`
      return [
        `It would touch ${touched}; at once it may be ${number(ceiling.rows)}, and ${ceiling.percent}% of all.`,
      ]
    }
    case 'in-the-way':
      return told.obstacles.map(
        ({ obstacle, ...some }) => `${obstacles[obstacle] ?? obstacle}: ${named(some)}.`,
      )
    case 'under-floor':
      return told.breaches.map(
        ({ part, of, wouldBe, atLeast }) =>
          `${part}: ${number(wouldBe)} would be left of ${of}, and ${number(atLeast)} must be.`,
      )
    case 'set-changed':
    case 'changed-since': {
      const { added, gone, changed } = told.difference
      const kinds = [['New', added] as const, ['Gone', gone] as const, ['Changed', changed] as const]
      return kinds.flatMap(([word, some]) => (some.count === 0 ? [] : [`${word}: ${named(some)}.`]))
    }
    case 'unhealthy':
    case 'code-not-sent':
      return told.because === '' ? [] : [`The reason: ${told.because}.`]
    case 'stopped':
      return told.because === '' ? [] : [`The reason given: ${told.because}`]
    case 'code-wrong':
    case 'code-expired':
      return [`Tries left: ${told.triesLeft}.`]
    default:
      return []
  }
}

function named({ count, labels }: Some): string {
  // It is forgotten which they were.
  if (labels.length === 0) return number(count)
  const more = count - labels.length
  return `${labels.join(', ')}${more > 0 ? ` and ${number(more)} more` : ''}`
}

function number(count: number): string {
  return count.toLocaleString('en')
}
