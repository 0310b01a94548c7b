import { createReadStream } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { branches, patronCategories } from '../../circulation/places.ts'
import {
  importKeptFile,
  importResult,
  importUnderWay,
  isHalfImported,
  type KeptImport,
} from '../../patrons/import-kept-file.ts'
import type { PatronFileOptions } from '../../patrons/import-patrons.ts'
import { type PatronColumn, patronColumns } from '../../patrons/patron-columns.ts'
import { plainText } from '../../text.ts'
import { untilLookedAt } from '../asking.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { defaultLimits } from '../limits.ts'
import { address } from './address.ts'
import { type Asked, asked } from './asked.ts'
import { patronCutOffView, patronProgressView } from './patron-import-progress-view.ts'
import { patronImportView, patronPreviewView, patronResultView } from './patron-import-view.ts'
import { byOfForm, goTo, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { keepUpload, keptBeside, uploadPath } from './upload.ts'

const access = { needs: 'patron-write' } as const
const long = { config: { access }, handlerTimeout: defaultLimits.longHandlerMs }
const bytesMax = 100 * 1_024 * 1_024

/** Bringing a file of patrons: look at it, import it, see what it came to, take back what was not taken. */
export function patronImportPages(served: Served): void {
  const { app, library } = served

  app.get('/patrons/import', { config: { access } }, async (request, reply) => {
    const visit = await visitOf(served, request, reply)
    const frame = {
      title: visit.say('patron-import.title'),
      door: '/patrons',
      lead: visit.say('patron-import.lead'),
    }
    return show(reply, visit, frame, patronImportView(visit))
  })

  app.post('/patrons/import/uploads', { ...long, bodyLimit: bytesMax }, async (request, reply) => {
    const { uploadId, fileName } = await keepUpload(library, request)
    const named = plainText(fileName, { max: 200, label: 'the-name', required: true })
    const branch = request.who?.branchCode ?? ''
    return goTo(reply, '/patrons/import/preview', {
      upload: uploadId,
      fileName: named.ok ? named.text : 'file',
      branch,
    })
  })

  app.get('/patrons/import/preview', long, (request, reply) =>
    showPreview(served, request, reply, readLook(asked(request.query))),
  )

  running(served)

  app.get('/patrons/import/:upload/rejects', { config: { access } }, async (request, reply) => {
    const upload = asked(request.params).text('upload', { max: 40, label: 'the-field' })
    const kept = keptIn(served, upload)
    if (!(await importResult(kept))) throw new RefusedAtTheDoorError('upload-gone')
    return reply
      .type('text/csv; charset=utf-8')
      .header('content-disposition', 'attachment; filename="patrons-not-taken.csv"')
      .send(createReadStream(kept.rejectsPath))
  })
}

/** The import begins with the form and goes on behind its answer; its page shows how far it is, then what it came to. */
function running(served: Served): void {
  const { app, library } = served
  const closing = new AbortController()
  const underWay = new Set<Promise<unknown>>()
  app.addHook('onClose', async () => {
    closing.abort()
    await Promise.allSettled(underWay)
  })

  app.post('/patrons/import', { config: { access } }, async (request, reply) => {
    const look = readLook(asked(request.body))
    const kept = keptIn(served, look.upload)
    const isOver = (await importResult(kept)) !== undefined
    if (!isOver && (await uploadPath(library, look.upload)) !== kept.filePath)
      throw new RefusedAtTheDoorError('upload-gone')
    const options = { ...optionsOf(look), fileName: look.fileName }
    const by = byOfForm(served, request)
    // It goes on when whoever asked for it has left.
    const until = { deadlineMs: defaultLimits.longHandlerMs, signal: closing.signal }
    const run = importKeptFile({ by, kept, options }, (ask, told) =>
      library.threads.run('import-kept-patrons', ask, until, told),
    )
    underWay.add(run)
    let isAwaited = true
    run
      .catch((error: unknown) => {
        if (!isAwaited && !closing.signal.aborted)
          request.log.error({ err: error }, 'import of patrons stopped')
      })
      .finally(() => underWay.delete(run))
    const told = await Promise.race([run, wait(patienceMs, 'goes-on' as const, { ref: false })])
    isAwaited = false
    const page = `/patrons/import/${look.upload}`
    if (told === 'goes-on') return goTo(reply, page, lookQuery(look))
    return 'refused' in told ? showPreview(served, request, reply, look) : goTo(reply, page)
  })

  app.get('/patrons/import/:upload', { config: { access } }, async (request, reply) => {
    const upload = asked(request.params).text('upload', { max: 40, label: 'the-field' })
    const look = { ...readLook(asked(request.query)), upload }
    const kept = keptIn(served, upload)
    const visit = await visitOf(served, request, reply)
    const title = visit.say('patron-import.result-title')
    const frame = { title, door: '/patrons', scripts: ['progress.js'] as const }
    // Asked first: what is not under way any more has its account.
    const progress = importUnderWay(kept)
    if (progress) {
      return show(
        reply,
        visit,
        { ...frame, lead: look.fileName, refreshSeconds },
        patronProgressView(visit, progress),
      )
    }
    const result = await importResult(kept)
    if (result)
      return show(
        reply,
        visit,
        { ...frame, lead: result.fileName },
        patronResultView(visit, { upload, result }),
      )
    if (!(await isHalfImported(kept)))
      throw new RefusedAtTheDoorError('not-found', {}, visit.say('patron-import.result-gone'))
    const again = address('/patrons/import/preview', lookQuery(look))
    return show(reply, visit, { ...frame, lead: look.fileName }, patronCutOffView(visit, again))
  })
}

/** An import that is over sooner is answered with what it came to. */
const patienceMs = 1_000
const refreshSeconds = 2

/** Which file is looked at, and how it shall be read. */
export type PatronLook = {
  readonly upload: string
  readonly fileName: string
  readonly encoding: string
  readonly category: string
  readonly branch: string
  readonly mapping: Readonly<Partial<Record<PatronColumn, string>>>
}

function readLook(form: Asked): PatronLook {
  const short = (name: string, max = 40) => form.text(name, { max, label: 'the-field' })
  const mapped = patronColumns.map((column) => [column, short(`map.${column}`, 200)] as const)
  return {
    upload: short('upload'),
    fileName: short('fileName', 200) || 'file',
    encoding: short('encoding'),
    category: short('category'),
    branch: short('branch'),
    mapping: Object.fromEntries(mapped.filter(([, name]) => name !== '')),
  }
}

/** A look as it stands in an address, for `readLook`. */
function lookQuery({ mapping, ...look }: PatronLook): Readonly<Record<string, string>> {
  const mapped = Object.entries(mapping).map(([column, name]) => [`map.${column}`, name] as const)
  return { ...look, ...Object.fromEntries(mapped) }
}

function optionsOf({ encoding, category, branch, mapping }: PatronLook): PatronFileOptions {
  return {
    mapping,
    ...(encoding ? { encoding } : {}),
    ...(category ? { categoryCode: category } : {}),
    ...(branch ? { branch } : {}),
  }
}

function keptIn({ library }: Served, upload: string): KeptImport {
  const kept = keptBeside(library, upload)
  if (!kept) throw new RefusedAtTheDoorError('upload-gone')
  return kept
}

async function showPreview(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  look: PatronLook,
): Promise<FastifyReply> {
  const { library } = served
  const path = await uploadPath(library, look.upload)
  if (!path) throw new RefusedAtTheDoorError('upload-gone')
  const [visit, preview, places, categories] = await Promise.all([
    visitOf(served, request, reply),
    library.threads.run('preview-patrons', { path, options: optionsOf(look) }, untilLookedAt(reply)),
    branches(library.db),
    patronCategories(library.db),
  ])
  const frame = {
    title: visit.say('import-preview.title'),
    door: '/patrons',
    lead: visit.say('import-preview.lead'),
    status: 'refused' in preview ? statusOf(preview) : 200,
  }
  return show(reply, visit, frame, patronPreviewView(visit, { look, preview, places, categories }))
}
