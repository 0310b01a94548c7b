import { type Cover, type CoverWidth, coverBytesMax } from '../../catalogue/covers/covers.ts'
import { address } from './address.ts'
import { type Drawn, drawnCover } from './drawn-cover.ts'
import { hidden } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'
import { bytesText } from './wording.ts'

/** Where a cover is served: for good, and to be kept for good where the mark of the picture is named. */
export function coverAddress({ key, mark }: Cover, width: CoverWidth): string {
  return `/covers/${key}/${width}?v=${mark}`
}

/** The cover of a title in a list, beside its name: nothing is read out twice. */
export function smallCover(cover: Cover | undefined, drawn: Drawn): Html {
  if (!cover) return html`<span class="cover">${drawnCover(drawn)}</span>`
  return html`<span class="cover"><img src="${coverAddress(cover, 144)}" width="72" height="108" alt="" loading="lazy" decoding="async"></span>`
}

/** The cover of a title on its own page. */
export function largeCover({ say }: Visit, cover: Cover | undefined, drawn: Drawn): Html {
  if (!cover) return html`<div class="cover large">${drawnCover(drawn)}</div>`
  return html`<div class="cover large"><img src="${coverAddress(cover, 336)}" width="168" height="252" alt="${say('cover.alt')}" itemprop="image"></div>`
}

/** Bringing a picture for a title. */
export function coverForm(visit: Visit, titleId: number): Html {
  const { say } = visit
  // The token stands in the address here, because an upload is checked before its body is read.
  const action = address(`/titles/${titleId}/cover`, { _csrf: visit.csrf })
  return html`<section class="panel" aria-labelledby="cover-heading"><h2 id="cover-heading">${say('cover.heading')}</h2>
    <form class="form" method="post" enctype="multipart/form-data" action="${action}">${hidden(visit)}
      <div class="field"><label for="cover-file">${say('cover.file')}</label>
        <input id="cover-file" type="file" name="file" accept="image/jpeg,image/png,image/webp" required aria-describedby="cover-hint">
        <p class="hint" id="cover-hint">${say('cover.hint', { size: bytesText(visit, coverBytesMax) })}</p></div>
      <div><button class="button quiet">${say('cover.save')}</button></div>
    </form></section>`
}
