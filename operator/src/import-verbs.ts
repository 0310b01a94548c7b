import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Act, Verbs } from './act.ts'
import type { Api } from './api.ts'
import { writeNewFile } from './new-file.ts'
import { type Out, table } from './out.ts'
import { type Preview, previewInWords } from './preview-words.ts'

type ChangeSet = {
  changeSetId: number
  name: string
  state: string
  failedBecause: string | null
  fileBytes: number
  positionBytes: number
  recordsRead: number
  imported: number
  updated: number
  unchanged: number
  rejected: number
}
type Reject = { recordNumber: number; reason: string }
type Undone = { undone: number; refusedCount: number; refused: { titleId: number; because: string }[] }
type Options = {
  name?: string
  format?: string
  encoding?: string
  mapping?: string
  source?: string
  branch?: string
  type?: string
  preview?: true
}

/** How often a running import is asked how far it is. */
const askEveryMs = 500
/** So many reasons are told after the file of rejects is written. */
const reasonsMax = 20

/** import, imports, rejects and undo. */
export const importVerbs: Verbs = (program, act) => {
  program
    .command('import')
    .description('bring a file of records into the catalogue as one change set that can be undone')
    .argument('<file>', 'MARC (ISO 2709), MARCXML, CSV or TSV; .gz is read as it is')
    .option('--name <name>', 'what to call the change set; the file’s name if not given')
    .option('--format <format>', 'marc, marcxml or csv; guessed from the file if not given')
    .option('--encoding <encoding>', 'such as koi8-r or windows-1251, where the file does not say or lies')
    .option('--mapping <file>', 'JSON that says which CSV column is what')
    .option('--source <name>', 'who numbered the records, where they do not say so')
    .option('--branch <code>', 'where copies belong whose row names no branch')
    .option('--type <code>', 'the item type of copies whose row names none')
    .option('--preview', 'show what would happen, and do nothing')
    .action((file: string, options: Options) => act((api, out) => importFile(api, out, file, options)))

  program
    .command('imports')
    .description('the latest imports')
    .action(() =>
      act(async (api, out) => {
        out.answer(await api.call<{ imports: ChangeSet[] }>('GET', '/api/v1/imports'), ({ imports }) =>
          imports.length === 0
            ? 'Nothing was imported yet.'
            : table(imports.map((set) => [String(set.changeSetId), set.state, accounts(set), set.name])),
        )
      }),
    )

  rejectsVerb(program, act)

  program
    .command('undo')
    .description('take back an import, whole or in part; what was edited since is left alone and named')
    .argument('<change-set>')
    .option('--title <id...>', 'only these titles')
    .action((id: string, { title }: { title?: string[] }) =>
      act(async (api, out) => {
        const body = title === undefined ? {} : { titleIds: title.map(Number) }
        out.answer(
          await api.call<Undone>('POST', `/api/v1/imports/${Number(id)}/undo`, { body }),
          ({ undone, refused, refusedCount }) => [
            `${undone} undone, ${refusedCount} left alone.`,
            ...refused.map(({ titleId, because }) => `  title ${titleId}: ${because}`),
          ],
        )
      }),
    )
}

const rejectsVerb = (program: Parameters<Verbs>[0], act: Act) =>
  program
    .command('rejects')
    .description('the records that an import set aside, as a file that can be mended and imported')
    .argument('<change-set>')
    .requiredOption('--to <file>', 'a new file; an existing one is not overwritten')
    .action((id: string, { to }: { to: string }) =>
      act(async (api, out) => {
        await writeNewFile(to, () => api.download(`/api/v1/imports/${Number(id)}/rejects-file`))
        out.talk(`Written to ${to}.`)
        await tellReasons(api, out, Number(id))
      }),
    )

async function importFile(api: Api, out: Out, file: string, options: Options): Promise<void> {
  const query = {
    fileName: basename(file),
    name: options.name ?? basename(file),
    format: options.format,
    encoding: options.encoding,
    mapping: options.mapping === undefined ? undefined : await readFile(options.mapping, 'utf8'),
    source: options.source,
    branch: options.branch,
    itemType: options.type,
    preview: options.preview === true ? 'yes' : undefined,
  }
  const upload = { path: file, contentType: 'application/octet-stream' }
  if (options.preview) {
    out.answer(await api.call<Preview>('POST', '/api/v1/imports', { query, upload }), previewInWords)
    return
  }
  const { changeSetId } = await api.call<{ changeSetId: number }>('POST', '/api/v1/imports', {
    query,
    upload,
  })
  const set = await followed(api, out, changeSetId)
  if (set.state === 'failed') process.exitCode = 1
  out.answer(set, () => [
    `Change set ${set.changeSetId} “${set.name}”: ${accounts(set)}.`,
    ...(set.failedBecause === null
      ? []
      : [`It stopped: ${set.failedBecause} Import the file again: what is in already stays as it is.`]),
    ...(set.rejected > 0 ? [`See what was set aside: bibby rejects ${set.changeSetId} --to FILE`] : []),
  ])
}

/** Why the first of them were set aside. */
async function tellReasons(api: Api, out: Out, changeSetId: number): Promise<void> {
  const { rejects } = await api.call<{ rejects: Reject[] }>('GET', `/api/v1/imports/${changeSetId}/rejects`, {
    query: { limit: reasonsMax },
  })
  for (const { recordNumber, reason } of rejects) out.talk(`  record ${recordNumber}: ${reason}`)
  if (rejects.length === reasonsMax) out.talk('  and so on; the page of the import has all reasons.')
}

async function followed(api: Api, out: Out, changeSetId: number): Promise<ChangeSet> {
  for (;;) {
    const set = await api.call<ChangeSet>('GET', `/api/v1/imports/${changeSetId}`)
    if (set.state !== 'waiting' && set.state !== 'running') return set
    const percent = set.fileBytes === 0 ? 0 : Math.floor((100 * set.positionBytes) / set.fileBytes)
    // Of a packed file the place is counted unpacked.
    out.progress(`${Math.min(percent, 99)}%  ${accounts(set)}`)
    await wait(askEveryMs)
  }
}

function accounts({ recordsRead, imported, updated, unchanged, rejected }: ChangeSet): string {
  return `${recordsRead} read = ${imported} imported + ${updated} updated + ${unchanged} unchanged + ${rejected} rejected`
}
