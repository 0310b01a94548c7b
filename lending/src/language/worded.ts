import { isMessageId, type MessageId, type SayText } from './messages.ts'

/** What fills a message that is kept: text, a number, or another message. */
export type Kept = string | number | Wording

/** A message and what fills it. */
export type Wording = { readonly say: MessageId; readonly [value: string]: Kept }

/** No text that anybody can type or import begins with it: the unit separator. */
export const wordedMark = '\u001F'

/**
 * A message and what fills it, as one text to be stored; whoever reads it is told it in their own language, by `readWords`.
 * In SQL: `chr(31) || json_build_object('say', …, 'name', …)`.
 */
export function worded(say: MessageId, values: Readonly<Record<string, Kept>> = {}): string {
  return (
    wordedMark +
    JSON.stringify({ say, ...values }, (_, value: unknown) =>
      typeof value === 'string' ? printable(value) : value,
    )
  )
}

/** What fills a message may come from any file: it is shown as one line, and no half character breaks what is around it. */
function printable(text: string): string {
  return text.toWellFormed().replaceAll(/\p{Cc}/gu, '\uFFFD')
}

/** A stored text in words: what `worded` made is said, anything else stands as it is. */
export function readWords(say: SayText, stored: string): string {
  const wording = wordingIn(stored)
  return wording
    ? said(say, wording)
    : stored.startsWith(wordedMark)
      ? stored.slice(wordedMark.length)
      : stored
}

/** The message in a stored text; undefined where it holds none, or one that another version of Bibby has and this does not. */
export function wordingIn(stored: string): Wording | undefined {
  if (!stored.startsWith(wordedMark)) return undefined
  const found = JSON.parse(stored.slice(wordedMark.length)) as Wording
  return isKnown(found) ? found : undefined
}

function isKnown(wording: Wording): boolean {
  return (
    isMessageId(wording.say) &&
    Object.values(wording).every((value) => typeof value !== 'object' || isKnown(value))
  )
}

/** Every text within an answer in words. */
export function withWords<Answer>(say: SayText, answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer), (_, value: unknown) =>
    typeof value === 'string' ? readWords(say, value) : value,
  ) as Answer
}

function said(say: SayText, { say: id, ...values }: Wording): string {
  const filled = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'object' ? said(say, value) : value,
  ])
  return say(id, Object.fromEntries(filled) as Record<string, string | number>)
}
