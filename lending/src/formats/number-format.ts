import { type Patterns, registeredBefore, whole } from '@bibby/patterns/patterns.ts'
import type { Flaw, Flaws } from '../language/flaw.ts'
import type { Library } from '../library.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import { judgedPattern, patternMax } from './judged-pattern.ts'

/** What a format is for: the barcodes that copies are given, or the cards that patrons are given. */
export type NumberKind = 'barcode' | 'card'

/** What the new numbers of a branch look like. */
export type NumberFormat = { readonly branch: string; readonly pattern: string; readonly example: string }

/** What is wrong with a field, by its name. */

/** The longest pattern and example, in characters. */
export const formatLimits = { pattern: patternMax, example: 64 } as const

/** No list of formats is longer: there is one for each branch. */
const formatsMax = 1_000

/** The formats of all branches that have one for this kind. */
export async function numberFormats(
  db: { readonly rows: Rows },
  kind: NumberKind,
): Promise<readonly NumberFormat[]> {
  return db.rows<NumberFormat>(sql`
    select branch.code as branch, number_format.pattern, number_format.example
    from number_format
    join branch on branch.id = number_format.branch_id
    where number_format.kind = ${kind}
    order by branch.code
    limit ${formatsMax}
  `)
}

/** A format with all that is wrong with it. Made by `judgedFormat`, outside of the transaction that stores it. */
export type JudgedFormat = {
  readonly pattern: string
  readonly example: string
  readonly problems: Flaws
}

/** Registers the pattern and tries it on its example. This may take some seconds. */
export async function judgedFormat(
  library: Pick<Library, 'patterns'>,
  given: { readonly pattern: string; readonly example: string },
): Promise<JudgedFormat> {
  const example = plainText(given.example, {
    max: formatLimits.example,
    label: 'the-example',
    required: true,
  })
  const texts = { pattern: given.pattern, example: example.ok ? example.text : given.example }
  if (!example.ok) return { ...texts, problems: { example: example.problem } }
  const judged = await judgedPattern(library, given.pattern, 'whole')
  if (!judged.ok) return { ...texts, problems: { pattern: judged.problem } }
  const found = await (await library.patterns()).match(judged.taken.registered, example.text)
  const fits = 'outcome' in found && found.outcome === 'matched'
  const misfit: Flaws = { example: { flaw: 'example-misfit' } }
  return { ...texts, pattern: judged.text, problems: fits ? {} : misfit }
}

/** A branch by its code, and its format; null takes the format away. */
export type SetFormatAsk = { readonly branch: string; readonly format: JudgedFormat | null }

/** The format that is in force now. */
export type FormatSet = {
  readonly branch: string
  readonly pattern: string | null
  readonly example: string | null
}

/** Why the format stays as it was. */
export type SetFormatRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }

/** Settles what new barcodes of a branch look like. Those that copies have already stay. */
export const setBarcodeFormat: Verb<SetFormatAsk, FormatSet, SetFormatRefused> = setFormat('barcode')

/** Settles what new cards of a branch look like. Those that patrons have already stay. */
export const setCardFormat: Verb<SetFormatAsk, FormatSet, SetFormatRefused> = setFormat('card')

function setFormat(kind: NumberKind): Verb<SetFormatAsk, FormatSet, SetFormatRefused> {
  return {
    action: `set-${kind}-format`,
    about: () => ({}),
    // What was found out about the pattern is no part of the request: a repeat is told what the first was told.
    recognisedBy: ({ branch, format }) => [branch, format?.pattern, format?.example],
    work: async (tx, { branch, format }) => {
      if (format && Object.keys(format.problems).length > 0)
        return { refused: 'fields-invalid', problems: format.problems }
      const [place] = await tx.rows<{ id: number }>(sql`select id from branch where code = ${branch}`)
      if (!place) return { refused: 'branch-unknown' }
      if (!format) {
        await tx.rows(sql`delete from number_format where branch_id = ${place.id} and kind = ${kind}`)
        return { branch, pattern: null, example: null }
      }
      const { pattern, example } = format
      await tx.rows(sql`
        insert into number_format (branch_id, kind, pattern, example)
        values (${place.id}, ${kind}, ${pattern}, ${example})
        on conflict (branch_id, kind) do update
        set pattern = excluded.pattern, example = excluded.example, revision = gen_random_uuid()
      `)
      return { branch, pattern, example }
    },
  }
}

/** A number that somebody wants to give to a copy or a patron of a branch, by its code or its identity. */
export type NumberGiven = { readonly branch: string | number; readonly number: string }

/** What a match said about one number under one revision of a format. */
export type NumberJudged = {
  readonly revision: string
  readonly example: string
  readonly number: string
  readonly verdict: 'fits' | 'misfit' | 'undecided'
}

/** Holds a number that somebody wants to give to the format of the branch; undefined where it has none. */
export async function judgedNumber(
  library: Pick<Library, 'db' | 'patterns'>,
  kind: NumberKind,
  given: NumberGiven,
): Promise<NumberJudged | undefined> {
  const [judged] = await judgedNumbers(library, kind, [given])
  return judged
}

/** The same for many numbers, in their order. Where no branch of them has a format, no pattern is run. */
export async function judgedNumbers(
  { db, patterns }: { readonly db: { readonly rows: Rows }; readonly patterns: () => Promise<Patterns> },
  kind: NumberKind,
  given: readonly NumberGiven[],
): Promise<readonly (NumberJudged | undefined)[]> {
  const judged: (NumberJudged | undefined)[] = given.map(() => undefined)
  const places = [...new Set(given.map(({ branch }) => branch))]
  const formats = await db.rows<Format>(sql`
    select branch.id, branch.code, number_format.pattern, number_format.example, number_format.revision
    from number_format
    join branch on branch.id = number_format.branch_id
    where number_format.kind = ${kind} and (
      branch.code = any(${places.filter((place) => typeof place === 'string')}::text[])
      or branch.id = any(${places.filter((place) => typeof place === 'number')}::bigint[])
    )
  `)
  for (const { id, code, pattern, example, revision } of formats) {
    const held = given.flatMap(({ branch, number }, index) => {
      const checked = plainText(number, { max: formatLimits.example, label: 'the-number', required: true })
      return checked.ok && (branch === id || branch === code) ? [{ index, number: checked.text }] : []
    })
    const registered = registeredBefore({ source: whole(pattern), flags: '' })
    const found = await (await patterns()).matchEach(
      [registered],
      held.map(({ number }) => number),
    )
    for (const [at, { index, number }] of held.entries()) {
      const told = found[at]
      const verdict = told && 'outcome' in told ? verdicts[told.outcome] : 'undecided'
      judged[index] = { revision, example, number, verdict }
    }
  }
  return judged
}

type Format = {
  readonly id: number
  readonly code: string
  readonly pattern: string
  readonly example: string
  readonly revision: string
}

const verdicts = { matched: 'fits', 'not-matched': 'misfit', 'over-budget': 'undecided' } as const

/** What is wrong with a number that was judged; undefined where it fits. */
export function misfitIn(kind: NumberKind, judged: NumberJudged | undefined): Flaw | undefined {
  if (judged?.verdict === 'fits') return undefined
  return judged?.verdict === 'misfit'
    ? { flaw: `${kind}-misfit`, values: { example: judged.example } }
    : { flaw: `${kind}-undecided` }
}

/** What stands against giving this number to a copy or a patron of this branch, by the format in force now. */
export async function numberProblem(
  tx: Pick<Tx, 'rows'>,
  kind: NumberKind,
  {
    branchId,
    number,
    judged,
  }: { readonly branchId: number; readonly number: string; readonly judged: NumberJudged | undefined },
): Promise<{ readonly refused: 'fields-invalid'; readonly problems: Flaws } | undefined> {
  const [format] = await tx.rows<{ revision: string }>(sql`
    select revision from number_format where branch_id = ${branchId} and kind = ${kind} for share
  `)
  if (!format) return undefined
  const isOfNow = judged?.revision === format.revision && judged.number === number
  const misfit = misfitIn(kind, isOfNow ? judged : undefined)
  return misfit && { refused: 'fields-invalid', problems: { [kind]: misfit } }
}
