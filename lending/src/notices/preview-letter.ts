import { scanned } from '../circulation/scanned.ts'
import type { Flaws } from '../language/flaw.ts'
import { type NobodyHasCard, nobodyHas } from '../patrons/merged-card.ts'
import type { Database, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import { dueNow, isSwept } from './due-notices.ts'
import type { Facts, Kind } from './kinds.ts'
import { waiting, whyNobody } from './letter.ts'
import { type Reader, readerOf, type ToldThing, wordsOf } from './letter-words.ts'
import { noticeSettings } from './notice-settings.ts'
import { whyNotSent } from './overtaken.ts'
import { checkedTemplate } from './own-templates.ts'
import { type LetterText, sampleTelling, type Template } from './template.ts'

/** Whose letter of which kind, at what time; in the words of a draft, or of the template in force. */
export type PreviewAsk = {
  readonly kind: Kind
  readonly card: string
  readonly draft?: Template | undefined
  readonly now: Date
}

/** One letter as it would go out now. */
export type PreviewedLetter = LetterText & {
  /** How many things it tells. */
  readonly things: number
  /** Its words were written down before, and go out unchanged whatever a template says by now. */
  readonly isWritten: boolean
}

/** What a patron would get now of a kind. */
export type LetterPreview = {
  readonly card: string
  readonly name: string
  /** `nothing-due` and `no-address`: none goes out, and the one that is shown tells things that are made up. */
  readonly shows: 'what-is-due' | 'nothing-due' | 'no-address'
  readonly letters: readonly PreviewedLetter[]
}

/** Why there is nothing to show. */
export type PreviewRefused = NobodyHasCard | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Of so many notices of one kind and patron a preview is made. */
const lookedAtMax = 1_000

/**
 * What this patron would get now of this kind, whether or not notices are on: what is queued and still true, and what the
 * next run of the sweeps would cause. Nothing is sent, and the database lets nothing be written.
 */
export async function previewLetter(
  db: Pick<Database, 'transaction'>,
  { kind, card, draft, now }: PreviewAsk,
): Promise<LetterPreview | PreviewRefused> {
  const checked = draft && checkedTemplate(draft)
  if (checked && 'problems' in checked) return { refused: 'fields-invalid', problems: checked.problems }
  const template = checked?.template
  return db.transaction(async (tx) => {
    await tx.rows(sql`set transaction isolation level repeatable read read only`)
    const [patron] = await tx.rows<{ id: number; card: string }>(sql`
      select id, card from patron where card = ${scanned(card)} and deleted_at is null
    `)
    if (!patron) return nobodyHas(tx, card)
    const reader = await readerOf(tx, kind, sql`${patron.id}`)
    const name = [reader.givenName, reader.familyName].filter(Boolean).join(' ')
    const letters = whyNobody(reader)
      ? []
      : await lettersFor(tx, { kind, patronId: patron.id, reader, template, now })
    if (letters.length > 0) return { card: patron.card, name, shows: 'what-is-due', letters }
    return {
      card: patron.card,
      name,
      shows: reader.email === '' ? 'no-address' : 'nothing-due',
      letters: [letterOf(kind, { reader, template, told: madeUp(kind) })],
    }
  })
}

type Previewing = {
  readonly kind: Kind
  readonly patronId: number
  readonly reader: Reader
  readonly template: Template | undefined
  readonly now: Date
}

async function lettersFor(tx: Tx, { kind, patronId, now, ...words }: Previewing): Promise<PreviewedLetter[]> {
  const which = sql`
    notice.id in (
      select id
      from notice
      where state = 'queued' and kind = ${kind}
        and patron_id in (select id from patron where id = ${patronId} or merged_into = ${patronId})
      order by caused_at, id
      limit ${lookedAtMax}
    )
  `
  const queued = (await waiting(tx, which, now)).filter((each) => !whyNotSent(kind, each.facts, each))
  const due = await dueFacts(tx, { kind, patronId, now })
  // As the sender does: what was gathered before is a letter, and what is new of each record is one more.
  const things = [
    ...queued.map(({ letterId, patronId: of, ...told }) => ({ ...told, letter: letterId ?? `of ${of}` })),
    ...due.map((facts) => ({ facts, shelfUntil: null, letter: `of ${patronId}` })),
  ]
  const written = await writtenWords(tx, queued)
  return [...Map.groupBy(things, ({ letter }) => letter)].map(([letter, told]) => {
    const kept = written.get(letter)
    if (kept) return { ...kept, things: told.length, isWritten: true }
    return letterOf(kind, { ...words, told })
  })
}

function letterOf(
  kind: Kind,
  words: Pick<Previewing, 'reader' | 'template'> & { readonly told: readonly ToldThing[] },
): PreviewedLetter {
  return { ...wordsOf(kind, words), things: words.told.length, isWritten: false }
}

/** What the next run of the sweeps would tell the patron, where sweeps cause the kind. */
async function dueFacts(
  tx: Tx,
  { kind, patronId, now }: Pick<Previewing, 'kind' | 'patronId' | 'now'>,
): Promise<readonly Facts[]> {
  if (!isSwept(kind)) return []
  const rows = await tx.rows<{ facts: Facts }>(sql`
    select due.facts
    from (${dueNow(kind, await noticeSettings(tx), now)}) as due
    where due.patron_id = ${patronId}
    order by due.cause
    limit ${lookedAtMax}
  `)
  return rows.map(({ facts }) => facts)
}

/** The words of letters that were given to the service before. */
async function writtenWords(
  tx: Tx,
  queued: readonly { readonly letterId: string | null }[],
): Promise<ReadonlyMap<string, LetterText>> {
  const ids = [...new Set(queued.flatMap(({ letterId }) => letterId ?? []))]
  const rows = await tx.rows<{ id: string; tried: LetterText }>(sql`
    select id, tried from notice where id = any(${ids}::uuid[]) and tried is not null
  `)
  return new Map(rows.map(({ id, tried: { subject, text, html } }) => [id, { subject, text, html }]))
}

function madeUp(kind: Kind): readonly ToldThing[] {
  return sampleTelling(kind).items.map((facts) => ({ facts, shelfUntil: null }))
}
