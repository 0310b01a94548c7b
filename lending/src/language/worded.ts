import { isMessageId, type MessageId, type SayText } from './messages.ts'

/** What fills a message that is kept: text, a number, or another message. */
export type Kept = string | number | { readonly say: MessageId }

/** No text that anybody can type or import begins with it: the unit separator. */
export const wordedMark = '\u001F'

/**
 * A message and what fills it, as one text to be stored; whoever reads it is told it in their own language, by `readWords`.
 * In SQL: `chr(31) || json_build_object('say', …, 'name', …)`.
 */
export function worded(say: MessageId, values: Readonly<Record<string, Kept>> = {}): string {
  return wordedMark + JSON.stringify({ say, ...values })
}

/** A stored text in words: what `worded` made is said, anything else stands as it is. */
export function readWords(say: SayText, stored: string): string {
  if (!stored.startsWith(wordedMark)) return stored
  return said(say, JSON.parse(stored.slice(wordedMark.length)) as Message) ?? stored.slice(wordedMark.length)
}

/** Every text within an answer in words. */
export function withWords<Answer>(say: SayText, answer: Answer): Answer {
  return JSON.parse(JSON.stringify(answer), (_, value: unknown) =>
    typeof value === 'string' ? readWords(say, value) : value,
  ) as Answer
}

type Message = { readonly say: string } & Readonly<Record<string, Kept>>

/** Undefined for a message that another version of Bibby has and this one does not. */
function said(say: SayText, { say: id, ...values }: Message): string | undefined {
  if (!isMessageId(id)) return undefined
  const filled = Object.entries(values).map(([name, value]) => [
    name,
    typeof value === 'object' ? (said(say, value as Message) ?? '') : value,
  ])
  return say(id, Object.fromEntries(filled) as Record<string, string | number>)
}
