import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { withoutPatterns } from '../../../../test/library-fixtures.ts'
import type { Database } from '../../../postgres/pool.ts'
import { sql } from '../../../postgres/sql.ts'
import { write } from '../../../postgres/write.ts'
import type { ChangeSet } from '../change-set.ts'
import { addImport, fileDigest, type ImportFile, importSetup } from '../new-import.ts'
import type { Counts } from '../plan.ts'
import { type ImportEnd, type ImportRun, runImportHere } from '../run-import.ts'

/** Noon of the tests. */
export const clock = () => new Date('2026-03-01T10:00:00Z')

/** A folder for the files of one test. */
export async function scratchFolder(): Promise<
  AsyncDisposable & { file(name: string, bytes: string | Buffer): Promise<ImportFile> }
> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-import-'))
  return {
    file: async (fileName, bytes) => {
      const filePath = join(folder, fileName)
      await writeFile(filePath, bytes)
      return {
        filePath,
        fileName,
        format: fileName.includes('.mrc') ? 'marc' : fileName.endsWith('.xml') ? 'marcxml' : 'csv',
      }
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

/** Adds an import without running it. */
export async function added(
  db: Database,
  file: ImportFile,
  over: Partial<Pick<ImportRun, 'patterns'>> = {},
): Promise<number> {
  const setup = await importSetup({ ...withoutPatterns(db), ...over }, file)
  assert.ok(!('refused' in setup), JSON.stringify(setup))
  const { fileBytes, fileSha256 } = await fileDigest(file.filePath)
  const by = { actor: 'staff:1', key: randomUUID(), occurredAt: clock(), instance: 'test' }
  const ask = { name: file.fileName, fileName: file.fileName, fileSha256: fileSha256.toString('hex'), setup }
  const made = await write(db, by, addImport({ filePath: file.filePath, fileBytes }), ask)
  assert.equal(made.outcome, 'done')
  return made.outcome === 'done' ? made.answer.changeSetId : 0
}

/** Runs an import in this thread. */
export function ran(db: Database, changeSetId: number, over: Partial<ImportRun> = {}): Promise<ImportEnd> {
  return runImportHere({ ...withoutPatterns(db), instance: 'test', clock, ...over }, changeSetId)
}

/** Adds an import and runs it to its end. */
export async function imported(
  db: Database,
  file: ImportFile,
  over: Partial<ImportRun> = {},
): Promise<ChangeSet> {
  const end = await ran(db, await added(db, file, over), over)
  assert.ok(end.ended === 'done', JSON.stringify(end))
  return end.changeSet
}

/** What became of the records: read, imported, updated, unchanged, rejected. */
export function counts({ read, imported: fresh, updated, unchanged, rejected }: Counts): number[] {
  return [read, fresh, updated, unchanged, rejected]
}

/** A digest of all that an import may touch, but for identities, which are never used again, and versions, which grow. */
export async function catalogueDigest(db: Database): Promise<unknown> {
  const [digest] = await db.rows(sql`
    select
      (select md5(string_agg((to_jsonb(title.*) - 'version')::text, '\n' order by id)) from title) as titles,
      (select md5(string_agg(row_to_json(title_record.*)::text, '\n' order by title_id)) from title_record) as records,
      (select md5(string_agg(row_to_json(vocabulary.*)::text, '\n' order by word)) from vocabulary) as words,
      (select md5(string_agg(row_to_json(copy.*)::text, '\n' order by id)) from copy) as copies
  `)
  return digest
}

/** The same, whatever identities the titles got, with what one import set aside. */
export async function catalogueContent(db: Database, changeSetId: number): Promise<unknown> {
  const [digest] = await db.rows(sql`
    select
      (
        select md5(string_agg((to_jsonb(title.*) - 'id' - 'version')::text || title_record.raw::text || title_record.format, '\n'
          order by control_source, control_number))
        from title
        left join title_record on title_record.title_id = title.id
      ) as titles,
      (select md5(string_agg(row_to_json(vocabulary.*)::text, '\n' order by word)) from vocabulary) as words,
      (select md5(string_agg(reject.record_number::text || code || raw::text, '\n' order by record_number))
        from reject where change_set_id = ${changeSetId}) as rejects
  `)
  return digest
}
