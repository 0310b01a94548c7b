import type { Flaw, Flaws } from '../language/flaw.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'
import type { Verb } from '../postgres/write.ts'
import { plainTexts } from '../text.ts'
import type { Kind } from './kinds.ts'
import {
  defaultTemplates,
  fillIn,
  type LetterText,
  placeholders,
  sampleTelling,
  type Template,
  templateMax,
  unknownPlaceholders,
} from './template.ts'

/** The template of a kind that is in force. */
export type TemplateInForce = Template & {
  readonly kind: Kind
  /** Whether the library wrote it. */
  readonly isOwn: boolean
  /** 0 while it is Bibby's. */
  readonly version: number
}

/** Reads the template of a kind that is in force. */
export async function templateOf(db: { readonly rows: Rows }, kind: Kind): Promise<TemplateInForce> {
  const [own] = await db.rows<Template & { version: number }>(
    sql`select subject, body, item, version from notice_template where kind = ${kind}`,
  )
  return own ? { kind, ...own, isOwn: true } : { kind, ...defaultTemplates[kind], isOwn: false, version: 0 }
}

/** The kinds whose text the library wrote. */
export async function ownKinds(db: { readonly rows: Rows }): Promise<ReadonlySet<Kind>> {
  const rows = await db.rows<{ kind: Kind }>(sql`select kind from notice_template`)
  return new Set(rows.map(({ kind }) => kind))
}

/** What a letter of this template would say to a reader who does not exist. */
export function sampleOf(kind: Kind, template: Template): LetterText {
  return fillIn(template, sampleTelling(kind))
}

/** A template as the library wants it, made from the version that was seen. */
export type SaveTemplateAsk = Template & { readonly kind: Kind; readonly version: number }

/** Why it was not saved. */
export type SaveTemplateRefused =
  | { readonly refused: 'fields-invalid'; readonly problems: Flaws }
  | { readonly refused: 'version-stale'; readonly version: number }

const limits = {
  subject: { max: templateMax.subject, label: 'the-subject', required: true },
  body: { max: templateMax.body, label: 'the-text', lines: true, required: true },
  item: { max: templateMax.item, label: 'the-line-of-a-thing' },
} as const

/** A template as it would be kept, or what is wrong with it, by part. */
export function checkedTemplate(
  parts: Template,
): { readonly template: Template } | { readonly problems: Flaws } {
  const checked = plainTexts(limits, parts)
  const problems: Record<string, Flaw> = checked.ok ? {} : { ...checked.problems }
  for (const part of ['subject', 'body', 'item'] as const) {
    const unknown = unknownPlaceholders(part, parts[part])
    if (unknown.length > 0) problems[part] ??= unknownWords(part, unknown)
  }
  if (!checked.ok || Object.keys(problems).length > 0) return { problems }
  return { template: { subject: '', body: '', item: '', ...checked.texts } }
}

/** Writes the library's own template of a kind. A word in braces that nothing fills is refused. */
export const saveTemplate: Verb<
  SaveTemplateAsk,
  { readonly kind: Kind; readonly version: number },
  SaveTemplateRefused
> = {
  action: 'save-template',
  about: () => ({}),
  work: async (tx, { kind, version, ...parts }, { occurredAt }) => {
    const checked = checkedTemplate(parts)
    if ('problems' in checked) return { refused: 'fields-invalid', problems: checked.problems }
    const { subject, body, item } = checked.template
    const [saved] = await tx.rows<{ version: number }>(
      version === 0
        ? sql`
            insert into notice_template (kind, subject, body, item, changed_at)
            values (${kind}, ${subject}, ${body}, ${item}, ${occurredAt})
            on conflict (kind) do nothing
            returning version
          `
        : sql`
            update notice_template
            set subject = ${subject}, body = ${body}, item = ${item}, changed_at = ${occurredAt}, version = version + 1
            where kind = ${kind} and version = ${version}
            returning version
          `,
    )
    if (saved) return { kind, version: saved.version }
    return { refused: 'version-stale', version: (await templateOf(tx, kind)).version }
  },
}

function unknownWords(part: keyof Template, unknown: readonly string[]): Flaw {
  const known = Object.keys(part === 'item' ? placeholders.item : placeholders.text)
  const usable = known.filter((name) => part !== 'subject' || name !== 'items')
  const braced = (names: readonly string[]) => names.map((name) => `{${name}}`).join(', ')
  return { flaw: 'nothing-fills', values: { unknown: braced(unknown), known: braced(usable) } }
}
