import type { ImportProgress } from '../../patrons/import-kept-file.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { countsList } from './patron-import-view.ts'
import type { Visit } from './visit.ts'

/** An import that is under way: how far it is. */
export function patronProgressView(visit: Visit, progress: ImportProgress): Html {
  const { say } = visit
  const { bytesRead, fileBytes } = progress
  return html`<div class="stack" data-progress="running">
    <section class="panel stack-tight" aria-label="${say('import.progress')}" aria-live="polite">
      <p>${tag('plain', say('import-state.running'))}</p>
      ${
        fileBytes > 0
          ? html`<progress aria-label="${say('import.progress')}" max="${fileBytes}" value="${Math.min(bytesRead, fileBytes)}"></progress>`
          : html`<progress aria-label="${say('import.progress')}"></progress>`
      }
      ${countsList(visit, progress)}
      <p class="soft">${say('patron-import.goes-on')}</p>
    </section>
  </div>`
}

/** An import that was begun, and that nobody is at. */
export function patronCutOffView(visit: Visit, preview: string): Html {
  return html`<div class="stack" data-progress="over">${notice(visit, 'warn', {
    title: visit.say('import.cut-off'),
    body: html`<p>${visit.say('patron-import.cut-off-next')}</p>
      <p><a class="button quiet" href="${preview}">${visit.say('patron-import.look-again')}</a></p>`,
  })}</div>`
}
