import type { ImportProgress } from '../../patrons/import-kept-file.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { countsList } from './patron-import-view.ts'

/** An import that is under way: how far it is. */
export function patronProgressView(progress: ImportProgress): Html {
  const { bytesRead, fileBytes } = progress
  return html`<div class="stack" data-progress="running">
    <section class="panel stack-tight" aria-label="Progress" aria-live="polite">
      <p>${tag('plain', 'Running')}</p>
      ${
        fileBytes > 0
          ? html`<progress aria-label="Progress" max="${fileBytes}" value="${Math.min(bytesRead, fileBytes)}"></progress>`
          : html`<progress aria-label="Progress"></progress>`
      }
      ${countsList(progress)}
      <p class="soft">It goes on when you leave this page.</p>
    </section>
  </div>`
}

/** An import that was begun, and that nobody is at. */
export function patronCutOffView(preview: string): Html {
  return html`<div class="stack" data-progress="over">${notice(visit, 'warn', {
    title: 'It was cut off on its way.',
    body: html`<p>What is in stays in. Look at the file again, and start it once more: rows that are in already say nothing new.</p>
      <p><a class="button quiet" href="${preview}">Look at it again</a></p>`,
  })}</div>`
}
