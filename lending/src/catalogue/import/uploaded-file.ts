import { constants } from 'node:fs'
import { access, readdir, rm } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { Rows } from '../../postgres/pool.ts'
import { sql } from '../../postgres/sql.ts'

/** Whose files: the library's database and the folder that `uploads/` lies in. */
export type UploadsOf = { readonly db: { rows: Rows }; readonly dataFolder?: string | undefined }

/** What a file is called that came up with a request; nothing else is ever removed. */
const uploadName = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** How many files one sweep looks at. */
const sweptMax = 10_000

/** Whether the file of this import can be read on this machine. */
export async function isFileHere({ db }: UploadsOf, changeSetId: number): Promise<boolean> {
  const [file] = await db.rows<{ file_path: string | null }>(sql`
    select file_path from change_set where id = ${changeSetId}
  `)
  return isHere(file?.file_path ?? null)
}

/** Whether there is a file to read at this path. */
export async function isHere(path: string | null): Promise<boolean> {
  if (path === null) return false
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  )
}

/** Removes the file that this import was made of, if it is over: what it brought and set aside is in the database. */
export async function forgetUpload(library: UploadsOf, changeSetId: number): Promise<void> {
  const [file] = await library.db.rows<{ file_path: string | null }>(sql`
    select file_path from change_set where id = ${changeSetId} and state in ('done', 'undone', 'partly-undone')
  `)
  if (file?.file_path) await removeUpload(library, file.file_path)
}

/** Removes a file from the uploads, unless an import may still read it. A file that lies elsewhere is not ours. */
export async function removeUpload({ db, dataFolder }: UploadsOf, filePath: string): Promise<void> {
  if (dataFolder === undefined) return
  const path = resolve(filePath)
  const name = path.slice(dirname(path).length + 1)
  if (dirname(path) !== uploadsFolder(dataFolder) || !uploadName.test(name)) return
  const needed = await db.rows(sql`
    select from change_set
    where file_path = ${filePath} and state in ('waiting', 'running', 'failed')
    limit 1
  `)
  if (needed.length === 0) await rm(path, { force: true })
}

/** Removes the files of imports that are over, where a killed process could not. */
export async function sweepUploads(library: UploadsOf): Promise<void> {
  const { db, dataFolder } = library
  if (dataFolder === undefined) return
  const folder = uploadsFolder(dataFolder)
  const names = (await readdir(folder).catch(() => [])).filter((name) => uploadName.test(name))
  const paths = names.slice(0, sweptMax).map((name) => join(folder, name))
  if (paths.length === 0) return
  // Only what this database knows: a folder may have served another one.
  const over = await db.rows<{ file_path: string }>(sql`
    select distinct file_path
    from change_set
    where file_path = any(${paths}::text[]) and state in ('done', 'undone', 'partly-undone')
  `)
  for (const { file_path } of over) await removeUpload(library, file_path)
}

function uploadsFolder(dataFolder: string): string {
  return join(resolve(dataFolder), 'uploads')
}
