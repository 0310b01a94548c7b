import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { Flaw } from '../../language/flaw.ts'
import type { Library } from '../../library.ts'
import { sql } from '../../postgres/sql.ts'
import type { Verb } from '../../postgres/write.ts'
import { type CsvMapping, guessedMapping, mappingProblems } from './csv-mapping.ts'
import { type ImportFormat, type ImportSetup, sourceOfFile } from './import-setup.ts'
import { patternProblems } from './judged-mapping.ts'
import { marcEncoding } from './marc-records.ts'
import { isOurCsv } from './our-csv-title.ts'
import { csvHead, isKnownEncoding } from './source-file.ts'

/** A file that shall be imported, and how. What is left out is guessed. */
export type ImportFile = {
  readonly filePath: string
  /** As people know it. */
  readonly fileName: string
  readonly format: ImportFormat
  readonly encoding?: string
  readonly mapping?: CsvMapping
  /** Who numbered records that do not say so. */
  readonly source?: string
  /** Codes, for copies whose row names none. */
  readonly branch?: string
  readonly itemType?: string
}

/** Why a file cannot be imported as asked. */
export type ImportFileRefused =
  | { readonly refused: 'encoding-unknown'; readonly encoding: string }
  | { readonly refused: 'file-without-header' }
  | {
      readonly refused: 'mapping-incomplete'
      readonly problems: readonly Flaw[]
      readonly header: readonly string[]
    }
  | {
      readonly refused: 'mapping-pattern-unfit'
      readonly problems: readonly Flaw[]
      readonly header: readonly string[]
    }

/** Settles how the file is read: what was asked, and what the file itself says. */
export async function importSetup(
  library: Pick<Library, 'patterns'>,
  file: ImportFile,
): Promise<ImportSetup | ImportFileRefused> {
  const { format, encoding, branch, itemType } = file
  if (encoding !== undefined && !canRead(format, encoding)) return { refused: 'encoding-unknown', encoding }
  const common = {
    format,
    ...(encoding === undefined ? {} : { encoding }),
    ...(branch === undefined ? {} : { branch }),
    ...(itemType === undefined ? {} : { itemType }),
  }
  if (format !== 'csv') return { ...common, source: file.source ?? '', digestSource: 'marc-digest' }
  const head = await csvHead(file.filePath, encoding)
  if (!head) return { refused: 'file-without-header' }
  const mapping = file.mapping ?? guessedMapping(head.header)
  const problems = mappingProblems(mapping, head.header)
  if (problems.length > 0) return { refused: 'mapping-incomplete', problems, header: head.header }
  const unfit = await patternProblems(library, mapping)
  if (unfit.length > 0) return { refused: 'mapping-pattern-unfit', problems: unfit, header: head.header }
  const isOurs = isOurCsv(head.header, file.mapping)
  // Our own file says in every row who numbered it, if anybody did.
  const source = file.source ?? mapping.source ?? (isOurs ? '' : sourceOfFile(file.fileName))
  return { ...common, source, digestSource: source, csv: { mapping, ...head, ...(isOurs ? { isOurs } : {}) } }
}

function canRead(format: ImportFormat, encoding: string): boolean {
  return format === 'csv' ? isKnownEncoding(encoding) : marcEncoding(encoding) !== undefined
}

/** What a file is known by: its size and digest. */
export type FileDigest = { readonly fileBytes: number; readonly fileSha256: Buffer }

/** Reads the whole file once for its digest. */
export async function fileDigest(filePath: string): Promise<FileDigest> {
  const digest = createHash('sha256')
  for await (const chunk of createReadStream(filePath)) digest.update(chunk as Buffer)
  return { fileBytes: (await stat(filePath)).size, fileSha256: digest.digest() }
}

/** What makes two requests for an import the same: not where the file happens to lie. */
export type AddImportAsk = {
  readonly name: string
  readonly fileName: string
  readonly fileSha256: string
  readonly setup: ImportSetup
}

/** Adds the import to the list, to be run. */
export function addImport({
  filePath,
  fileBytes,
}: {
  filePath: string
  fileBytes: number
}): Verb<AddImportAsk, { readonly changeSetId: number }, never> {
  return {
    action: 'add-import',
    about: ({ changeSetId }) => ({ changeSetId }),
    work: async (tx, { name, fileName, fileSha256, setup }, { actor, occurredAt }) => {
      const [made] = await tx.rows<{ id: number }>(sql`
        insert into change_set (
          kind, name, actor, state, format, options, file_name, file_path, file_sha256, file_bytes, started_at
        )
        values (
          'import', ${name}, ${actor}, 'waiting', ${setup.format}, ${JSON.stringify(setup)}, ${fileName},
          ${filePath}, ${Buffer.from(fileSha256, 'hex')}, ${fileBytes}, ${occurredAt}
        )
        returning id
      `)
      if (!made) throw new Error('The database gave no row for a new import.')
      return { changeSetId: made.id }
    },
  }
}
