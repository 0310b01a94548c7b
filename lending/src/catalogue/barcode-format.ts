import { registeredBefore, whole } from '@bibby/patterns/patterns.ts'
import type { Library } from '../library.ts'
import type { Rows, Tx } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainText } from '../text.ts'
import type { FieldProblems } from './checked-fields.ts'

/** What the new barcodes of a branch look like. */
export type BarcodeFormat = { readonly branch: string; readonly pattern: string; readonly example: string }

/** The longest pattern and example, in characters. */
export const formatLimits = { pattern: 200, example: 64 } as const

/** No list of formats is longer: there is one for each branch. */
const formatsMax = 1_000

/** The formats of all branches that have one. */
export async function barcodeFormats(db: { readonly rows: Rows }): Promise<readonly BarcodeFormat[]> {
  return db.rows<BarcodeFormat>(sql`
    select branch.code as branch, barcode_format.pattern, barcode_format.example
    from barcode_format
    join branch on branch.id = barcode_format.branch_id
    order by branch.code
    limit ${formatsMax}
  `)
}

/** A format with all that is wrong with it. Made by `judgedFormat`, outside of the transaction that stores it. */
export type JudgedFormat = {
  readonly pattern: string
  readonly example: string
  readonly problems: FieldProblems
}

/** Registers the pattern and tries it on its example. This may take some seconds. */
export async function judgedFormat(
  { patterns }: Pick<Library, 'patterns'>,
  given: { readonly pattern: string; readonly example: string },
): Promise<JudgedFormat> {
  const pattern = plainText(given.pattern, {
    max: formatLimits.pattern,
    label: 'The pattern',
    required: true,
  })
  const example = plainText(given.example, {
    max: formatLimits.example,
    label: 'The example',
    required: true,
  })
  const texts = {
    pattern: pattern.ok ? pattern.text : given.pattern,
    example: example.ok ? example.text : given.example,
  }
  if (!pattern.ok) return { ...texts, problems: { pattern: pattern.problem } }
  if (!example.ok) return { ...texts, problems: { example: example.problem } }
  const running = await patterns()
  const answer = await running.registerWhole(pattern.text)
  if ('refused' in answer) {
    const attack = answer.attackInShort ? ` Such a text is ${answer.attackInShort}.` : ''
    return { ...texts, problems: { pattern: `${answer.says}${attack}` } }
  }
  const found = await running.match(answer.registered, example.text)
  if ('outcome' in found && found.outcome === 'matched') return { ...texts, problems: {} }
  return { ...texts, problems: { example: 'The example does not match the pattern from end to end.' } }
}

/** A branch by its code, and its format; null takes the format away. */
export type SetBarcodeFormatAsk = { readonly branch: string; readonly format: JudgedFormat | null }

/** The format that is in force now. */
export type BarcodeFormatSet = {
  readonly branch: string
  readonly pattern: string | null
  readonly example: string | null
}

/** Why the format stays as it was. */
export type SetBarcodeFormatRefused =
  | { readonly refused: 'branch-unknown' }
  | { readonly refused: 'fields-invalid'; readonly problems: FieldProblems }

/** Settles what new barcodes of a branch look like. Those that copies have already stay. */
export const setBarcodeFormat: Verb<SetBarcodeFormatAsk, BarcodeFormatSet, SetBarcodeFormatRefused> = {
  action: 'set-barcode-format',
  about: () => ({}),
  // What was found out about the pattern is no part of the request: a repeat is told what the first was told.
  recognisedBy: ({ branch, format }) => [branch, format?.pattern, format?.example],
  work: async (tx, { branch, format }) => {
    if (format && Object.keys(format.problems).length > 0)
      return { refused: 'fields-invalid', problems: format.problems }
    const [place] = await tx.rows<{ id: number }>(sql`select id from branch where code = ${branch}`)
    if (!place) return { refused: 'branch-unknown' }
    if (!format) {
      await tx.rows(sql`delete from barcode_format where branch_id = ${place.id}`)
      return { branch, pattern: null, example: null }
    }
    const { pattern, example } = format
    await tx.rows(sql`
      insert into barcode_format (branch_id, pattern, example)
      values (${place.id}, ${pattern}, ${example})
      on conflict (branch_id) do update
      set pattern = excluded.pattern, example = excluded.example, revision = gen_random_uuid()
    `)
    return { branch, pattern, example }
  },
}

/** What a match said about one barcode under one revision of a format. */
export type BarcodeJudged = {
  readonly revision: string
  readonly barcode: string
  readonly verdict: 'fits' | 'misfit' | 'undecided'
}

/** Holds a barcode that somebody wants to give to the format of the branch; undefined where it has none. */
export async function judgedBarcode(
  { db, patterns }: Pick<Library, 'db' | 'patterns'>,
  { branch, barcode }: { readonly branch: string; readonly barcode: string },
): Promise<BarcodeJudged | undefined> {
  const [format] = await db.rows<{ pattern: string; revision: string }>(sql`
    select barcode_format.pattern, barcode_format.revision
    from barcode_format
    join branch on branch.id = barcode_format.branch_id
    where branch.code = ${branch}
  `)
  const given = plainText(barcode, { max: formatLimits.example, label: 'The barcode', required: true })
  if (!format || !given.ok) return undefined
  const { text } = given
  const registered = registeredBefore({ source: whole(format.pattern), flags: '' })
  const found = await (await patterns()).match(registered, text)
  const verdicts = { matched: 'fits', 'not-matched': 'misfit', 'over-budget': 'undecided' } as const
  return {
    revision: format.revision,
    barcode: text,
    verdict: 'outcome' in found ? verdicts[found.outcome] : 'undecided',
  }
}

/** What stands against giving this barcode to a copy of this branch, by the format that is in force now. */
export async function barcodeProblem(
  tx: Pick<Tx, 'rows'>,
  {
    branchId,
    barcode,
    judged,
  }: { readonly branchId: number; readonly barcode: string; readonly judged: BarcodeJudged | undefined },
): Promise<{ readonly refused: 'fields-invalid'; readonly problems: FieldProblems } | undefined> {
  const [format] = await tx.rows<{ revision: string; example: string }>(sql`
    select revision, example from barcode_format where branch_id = ${branchId} for share
  `)
  if (!format) return undefined
  const isOfNow = judged?.revision === format.revision && judged.barcode === barcode
  if (isOfNow && judged.verdict === 'fits') return undefined
  const says =
    isOfNow && judged.verdict === 'misfit'
      ? `A barcode of this branch looks like ${format.example}. Scan it again.`
      : 'The barcode could not be held to the format of this branch. Send it again.'
  return { refused: 'fields-invalid', problems: { barcode: says } }
}
