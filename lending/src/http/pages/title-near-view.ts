import type { Cover } from '../../catalogue/covers/covers.ts'
import type { InSeries, Neighbours } from '../../catalogue/title-series.ts'
import type { LentTogether } from '../../circulation/lent-together.ts'
import { smallCover } from './cover-view.ts'
import { type Html, html } from './html.ts'
import { wordsLink } from './title-facts-view.ts'
import type { Visit } from './visit.ts'
import { authorNames, workLink, workName } from './work-line.ts'

/** The title before this one in its series, and the one after. */
export function seriesView(visit: Visit, { name, before, after }: Neighbours): Html | undefined {
  if (!before && !after) return undefined
  const { say } = visit
  const series = html`<a href="${wordsLink(name)}"><bdi dir="auto">${name}</bdi></a>`
  return html`<section class="section" aria-labelledby="series"><h2 id="series">${say('title.series', { series })}</h2>
    <ul class="rows">${before && inSeries(before, say('title.series-before', before))}${after && inSeries(after, say('title.series-after', after))}</ul></section>`
}

function inSeries(title: InSeries, place: string): Html {
  return html`<li><div><p class="work">${workLink(title)}</p><p class="under">${place}</p></div></li>`
}

/** What many took home together with this title. Who did is not known here. */
export function lentTogetherView(
  visit: Visit,
  titles: readonly LentTogether[],
  covers: readonly (Cover | undefined)[],
): Html | undefined {
  if (titles.length === 0) return undefined
  return html`<section class="section" aria-labelledby="together"><h2 id="together">${visit.say('title.lent-with')}</h2>
    <ul class="beside-each-other">${titles.map(
      (
        each,
        index,
      ) => html`<li><a class="to-beside" href="/titles/${each.titleId}">${smallCover(covers[index], each)}<span class="work">${workName(each.title, each.language)}</span></a>
      <p class="under">${authorNames(visit, each.authors, 1)}</p></li>`,
    )}</ul></section>`
}
