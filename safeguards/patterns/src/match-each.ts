import type { Caps } from './caps.ts'
import type { EngineAnswer, EngineAsk } from './engine-thread.ts'
import type { Registered } from './patterns.ts'
import { busy, type InputRefusal, type PatternRefusal, tooLong } from './refusal.ts'
import type { Threads } from './threads.ts'

/** What was found in one of many texts, and by which of the patterns. Over budget is no "no". */
export type FoundEach =
  | {
      readonly outcome: 'matched'
      readonly pattern: number
      readonly groups?: readonly (string | null)[]
    }
  | { readonly outcome: 'not-matched' | 'over-budget' }
  | InputRefusal
  | PatternRefusal

/** A question has at most so many texts times patterns, and characters times patterns: a millisecond or a few of work. */
const matchesMost = 1_000
const charactersMost = 100_000

type On = { readonly engine: Threads<EngineAsk, EngineAnswer>; readonly caps: Caps }
type Asked = {
  readonly patterns: readonly Registered[]
  readonly texts: readonly string[]
  readonly wants: { readonly groups: boolean }
}

/** Finds in each text the first pattern that matches, many texts to a question. One answer a text, in their order. */
export async function matchEach(on: On, asked: Asked): Promise<readonly FoundEach[]> {
  const found: FoundEach[] = []
  for (const texts of inQuestions(asked, on.caps)) {
    const [first] = texts
    if (first !== undefined && first.length > on.caps.inputCharacters) found.push(tooLong(first, on.caps))
    else found.push(...(await askedTogether(on, { ...asked, texts })))
  }
  return found
}

/** Texts that are over budget together may each be within it; who is not is found by asking for each alone. */
async function askedTogether(on: On, asked: Asked): Promise<readonly FoundEach[]> {
  const { patterns, texts, wants } = asked
  const told = await on.engine.run({ patterns, texts, wantsGroups: wants.groups })
  if ('answer' in told) {
    if ('refused' in told.answer) return texts.map(() => told.answer as PatternRefusal)
    return told.answer.found.map((each) =>
      each ? { outcome: 'matched', ...each } : { outcome: 'not-matched' },
    )
  }
  if (told.gaveUp === 'busy') return texts.map(() => busy)
  if (texts.length === 1) return [{ outcome: 'over-budget' }]
  const found: FoundEach[] = []
  for (const text of texts) found.push(...(await askedTogether(on, { ...asked, texts: [text] })))
  return found
}

/** The texts, as many together as one question may hold; one that is too long to be looked at stands alone. */
function* inQuestions({ patterns, texts }: Asked, { inputCharacters }: Caps): Generator<readonly string[]> {
  const textsMost = Math.max(1, Math.floor(matchesMost / patterns.length))
  const lengthMost = charactersMost / patterns.length
  let question: string[] = []
  let length = 0
  for (const text of texts) {
    const isFull =
      question.length >= textsMost || length + text.length > lengthMost || text.length > inputCharacters
    if (isFull && question.length > 0) {
      yield question
      question = []
      length = 0
    }
    if (text.length > inputCharacters) yield [text]
    else {
      question.push(text)
      length += text.length
    }
  }
  if (question.length > 0) yield question
}
