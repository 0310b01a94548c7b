import type { FastifyReply, FastifyRequest } from 'fastify'
import type { CsvMapping } from '../../catalogue/import/csv-mapping.ts'
import { type ImportFormat, importFormats } from '../../catalogue/import/import-setup.ts'
import { startImport } from '../../catalogue/import/start-import.ts'
import { branches, itemTypes } from '../../circulation/places.ts'
import { plainText } from '../../text.ts'
import { untilLookedAt } from '../asking.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { defaultLimits } from '../limits.ts'
import { type Asked, asked } from './asked.ts'
import { importPreviewView } from './import-preview-view.ts'
import { readMapping } from './mapping-fields.ts'
import type { Refused } from './refusal-notice.ts'
import { goTo, keyOf, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { claimUpload, keepUpload, uploadPath } from './upload.ts'

const access = { needs: 'import' } as const

/** Bringing a file, looking at what it would do, and starting it. */
export function importPreviewPages(served: Served): void {
  const { app, library } = served
  const long = { config: { access }, handlerTimeout: defaultLimits.longHandlerMs }

  app.post('/imports/uploads', { ...long, bodyLimit: defaultLimits.uploadBytes }, async (request, reply) => {
    const { uploadId, fileName, fields } = await keepUpload(library, request)
    const named = plainText(fileName, { max: 200, label: 'the-name', required: true })
    const name = named.ok ? named.text : 'file'
    return goTo(reply, '/imports/preview', {
      upload: uploadId,
      fileName: name,
      name,
      format: fields.format || formatByName(name),
    })
  })

  app.get('/imports/preview', long, (request, reply) =>
    showPreview(served, request, reply, readLook(asked(request.query), request.query)),
  )

  app.post('/imports', long, async (request, reply) => {
    const look = readLook(asked(request.body), request.body)
    const filePath = await claimUpload(library, look.upload)
    if (!filePath || !request.who) throw new RefusedAtTheDoorError('upload-gone')
    const { name } = look
    const answer = await startImport(library, {
      ...fileOf(look, filePath),
      name,
      actor: request.who.actor,
      key: keyOf(request),
    })
    if ('refused' in answer) return showPreview(served, request, reply, look, answer)
    return goTo(reply, `/imports/${answer.changeSetId}`)
  })
}

/** What a file most likely is, by its name; the preview lets it be said otherwise. */
function formatByName(fileName: string): ImportFormat {
  const ending = /\.([a-z0-9]{1,8})(?:\.gz)?$/i.exec(fileName)?.[1]?.toLowerCase() ?? ''
  if (ending === 'xml') return 'marcxml'
  return ['csv', 'tsv', 'tab', 'txt'].includes(ending) ? 'csv' : 'marc'
}

/** Which file is looked at, and how it shall be read. */
export type Look = {
  readonly upload: string
  readonly fileName: string
  readonly name: string
  readonly format: ImportFormat
  readonly encoding: string
  readonly branch: string
  readonly itemType: string
  /** Undefined leaves it to a guess. */
  readonly mapping: CsvMapping | undefined
}

function readLook(form: Asked, sent: unknown): Look {
  const short = (name: string, max = 40) => form.text(name, { max, label: 'the-field' })
  const format = short('format')
  const fileName = short('fileName', 200) || 'file'
  return {
    upload: short('upload'),
    fileName,
    name: short('name', 200) || fileName,
    format: importFormats.find((each) => each === format) ?? 'marc',
    encoding: short('encoding'),
    branch: short('branch'),
    itemType: short('itemType'),
    mapping: readMapping(form, sent),
  }
}

function fileOf({ format, fileName, encoding, mapping, branch, itemType }: Look, filePath: string) {
  return {
    filePath,
    fileName,
    format,
    ...(encoding ? { encoding } : {}),
    ...(format === 'csv' && mapping ? { mapping } : {}),
    ...(branch ? { branch } : {}),
    ...(itemType ? { itemType } : {}),
  }
}

async function showPreview(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  look: Look,
  refusedStart?: Refused,
): Promise<FastifyReply> {
  const { library } = served
  const filePath = await uploadPath(library, look.upload)
  if (!filePath) throw new RefusedAtTheDoorError('upload-gone')
  const [visit, preview, places, types] = await Promise.all([
    visitOf(served, request, reply),
    library.threads.run('preview-import', fileOf(look, filePath), untilLookedAt(reply)),
    branches(library.db),
    itemTypes(library.db),
  ])
  const refusal = refusedStart ?? ('refused' in preview ? preview : undefined)
  const frame = {
    title: visit.say('import-preview.title'),
    door: '/imports',
    lead: visit.say('import-preview.lead'),
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, importPreviewView(visit, { look, preview, places, types, refusedStart }))
}
