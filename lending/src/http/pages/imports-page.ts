import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ChangeSet, changeSet, changeSets, rejects } from '../../catalogue/import/change-set.ts'
import { rejectsFile } from '../../catalogue/import/rejects-file.ts'
import { isUnderWay, runImport } from '../../catalogue/import/start-import.ts'
import { type ImportUndone, undoImport } from '../../catalogue/import/undo-import.ts'
import { isFileHere as isImportFileHere } from '../../catalogue/import/uploaded-file.ts'
import { stillAsked } from '../../postgres/asker.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { defaultLimits } from '../limits.ts'
import { asked, identity } from './asked.ts'
import { html } from './html.ts'
import { importPreviewPages } from './import-preview-page.ts'
import { importMendPages } from './imports-mend-page.ts'
import { importsView, importView, rejectsView, undoneView } from './imports-view.ts'
import { refusalNotice } from './refusal-notice.ts'
import { byOfForm, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'

const listedMax = 50
const rejectsMax = 100
/** How often a browser without script asks how far an import is. */
const refreshSeconds = 2
const access = { needs: 'import' } as const
const long = { handlerTimeout: defaultLimits.longHandlerMs }

/** Imports: the list, one import with its progress, what was set aside, and undoing. */
export function importPages(served: Served): void {
  const { app, library } = served
  const { db } = library
  importPreviewPages(served)
  importMendPages(served)

  app.get('/imports', { config: { access } }, async (request, reply) => {
    const [visit, sets] = await Promise.all([
      visitOf(served, request, reply),
      changeSets(db, { limit: listedMax }),
    ])
    const frame = {
      title: visit.say('imports.title'),
      door: '/imports',
      lead: visit.say('imports.lead'),
    }
    return show(reply, visit, frame, importsView(visit, sets))
  })

  app.get('/imports/:id', { config: { access } }, async (request, reply) =>
    showImport(served, request, reply, await importIn(served, request)),
  )

  app.get('/imports/:id/rejects', { config: { access } }, async (request, reply) => {
    const set = await importIn(served, request)
    const after = asked(request.query).whole('after', { ...identity, min: 0 }) ?? 0
    const [visit, rows] = await Promise.all([
      visitOf(served, request, reply),
      rejects(db, set.changeSetId, { after, limit: rejectsMax }),
    ])
    const more = rows.length === rejectsMax ? rows.at(-1)?.recordNumber : undefined
    const frame = {
      title: visit.say('rejects.title'),
      door: '/imports',
      lead: html`<bdi dir="auto">${set.name}</bdi>`,
    }
    return show(reply, visit, frame, rejectsView(visit, { set, rows, more }))
  })

  app.get('/imports/:id/rejects-file', { config: { access }, ...long }, async (request, reply) => {
    const set = await importIn(served, request)
    return reply
      .type('application/octet-stream')
      .header(
        'content-disposition',
        `attachment; filename="set-aside-${set.changeSetId}.${endings[set.format] ?? 'bin'}"`,
      )
      .send(Readable.from(stillAsked(rejectsFile(db, set.changeSetId))))
  })

  acting(served)
}

function acting(served: Served): void {
  const { app, library } = served
  app.post('/imports/:id/run', { config: { access } }, async (request, reply) => {
    const { changeSetId } = await importIn(served, request)
    // It runs on behind this answer; the page of the import shows how far it is, and why it failed if it does.
    runImport(library, changeSetId).catch((error: unknown) =>
      request.log.error({ err: error }, 'import stopped'),
    )
    return goTo(reply, `/imports/${changeSetId}`)
  })

  app.post('/imports/:id/undo', { config: { access }, ...long }, async (request, reply) => {
    const set = await importIn(served, request)
    const answer = await undoImport(library, { changeSetId: set.changeSetId }, byOfForm(served, request))
    if (!('refused' in answer) || typeof answer.refused !== 'string') {
      return showImport(served, request, reply, await importIn(served, request), {
        undone: answer as ImportUndone,
      })
    }
    return showImport(served, request, reply, set, { refusal: { refused: answer.refused } })
  })
}

const endings: Readonly<Record<string, string>> = { marc: 'mrc', marcxml: 'xml', csv: 'csv' }

async function showImport(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  found: ChangeSet,
  told: { readonly undone?: ImportUndone; readonly refusal?: { readonly refused: string } } = {},
): Promise<FastifyReply> {
  const visit = await visitOf(served, request, reply)
  const isAlone = found.state === 'running' && !(await isUnderWay(served.library, found.changeSetId))
  // It may have ended between the two looks.
  const set = isAlone ? await importIn(served, request) : found
  const isStuck = isAlone && set.state === 'running'
  const isOpen = !isStuck && (set.state === 'running' || set.state === 'waiting')
  const frame = {
    title: set.name,
    door: '/imports',
    scripts: ['progress.js'] as const,
    status: told.refusal ? statusOf(told.refusal) : 200,
    ...(isOpen ? { refreshSeconds } : {}),
  }
  const kept = told.refusal
    ? refusalNotice(visit, told.refusal)
    : told.undone && undoneView(visit, told.undone)
  const isFileHere = await isImportFileHere(served.library, set.changeSetId)
  return show(reply, visit, frame, importView(visit, { set, isOpen, isStuck, isFileHere, kept }))
}

async function importIn({ library }: Served, request: FastifyRequest): Promise<ChangeSet> {
  const changeSetId = idIn(request)
  const found = changeSetId === undefined ? undefined : await changeSet(library.db, changeSetId)
  if (!found) throw new RefusedAtTheDoorError('import-unknown')
  return found
}
