import { journal } from '../../journal/journal.ts'
import { address } from './address.ts'
import { type Asked, asked, scanned } from './asked.ts'
import { type JournalWanted, journalView } from './journal-view.ts'
import { languageOfRequest, sayIn } from './say.ts'
import { type Served, show, visitOf } from './serve-page.ts'

/** How many entries one page of the journal shows. */
const entriesMax = 50

/** The journal: who did what, on what, and when. */
export function journalPages(served: Served): void {
  const { app, library } = served
  app.get('/journal', { config: { access: { needs: 'journal-read' } } }, async (request, reply) => {
    const wanted = readWanted(asked(request.query))
    const { card, barcode, actor, action, before } = wanted
    const [visit, rows] = await Promise.all([
      visitOf(served, request, reply),
      journal(
        library.db,
        {
          ...(card && { card }),
          ...(barcode && { barcode }),
          ...(actor && { actor }),
          ...(action && { action }),
          ...(before && { before }),
          limit: entriesMax,
        },
        sayIn(languageOfRequest(request)),
      ),
    ])
    const last = rows.length === entriesMax ? rows.at(-1) : undefined
    const more = last && address('/journal', { ...wanted, before: last.id })
    const frame = {
      title: visit.say('journal-page.title'),
      door: '/journal',
      lead: visit.say('journal-page.lead'),
    }
    return show(reply, visit, frame, journalView(visit, { wanted, rows, more }))
  })
}

function readWanted(form: Asked): JournalWanted {
  const short = (name: string) => form.text(name, { max: 100, label: 'the-field' })
  const before = short('before')
  return {
    card: form.text('card', scanned),
    barcode: form.text('barcode', scanned),
    actor: short('actor'),
    action: short('action'),
    before: /^[0-9a-f-]{36}$/.test(before) ? before : '',
  }
}
