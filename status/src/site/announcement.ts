import type { Component, Incident, Maintenance, Update } from '../summary.ts'
import { fileOf } from './address.ts'
import { inOneLine, type Markup, markup } from './markup.ts'
import { between, moment } from './moments.ts'
import { counted, impactWords, lengthText, stateWords } from './words.ts'

/** What an announcement needs to know of the page that it stands on. */
export type Place = {
  /** The way to the first page. */
  readonly back: string
  /** As part of a page it is linked to its own and stands below another heading. */
  readonly level: 1 | 3
  readonly components: readonly Component[]
}

/** On a page with others an announcement tells its newest updates, each so far, and names so many components. */
const brief = { incidentUpdates: 2, workUpdates: 1, characters: 300, components: 5 }

/** An incident with what was said of it, newest first: all of it on its own page, the newest of it elsewhere. */
export function incidentArticle(incident: Incident, place: Place): Markup {
  const { word, tone } = impactWords[incident.impact]
  const isOver = incident.state === 'resolved'
  return markup`<article class="said ${isOver ? 'over' : tone}">
${heading(incident.title, place, fileOf('incidents', incident.id))}
<p class="facts"><span class="tag ${isOver ? 'over' : tone}">${stateWords[incident.state]}</span><span>${word} impact</span>${named(incident.components, place)}<span>${incidentTime(incident)}</span></p>
${updates(incident, place, { file: fileOf('incidents', incident.id), most: brief.incidentUpdates })}
</article>`
}

/** Planned work with what was said of it, newest first: all of it on its own page, the newest of it elsewhere. */
export function maintenanceArticle(work: Maintenance, place: Place): Markup {
  const isOver = work.state === 'completed' || work.state === 'cancelled'
  const tone = isOver ? 'over' : 'work'
  return markup`<article class="said ${tone}">
${heading(work.title, place, fileOf('maintenance', work.id))}
<p class="facts"><span class="tag ${tone}">${stateWords[work.state]}</span><span>Planned work</span>${named(work.components, place)}<span>${moment(work.from)} to ${moment(work.to)} (${lengthText(between(work.from, work.to))})</span></p>
${updates(work, place, { file: fileOf('maintenance', work.id), most: brief.workUpdates })}
</article>`
}

/** An incident or planned work in two lines, for lists of what is past. */
export function incidentLine(incident: Incident, place: Place): Markup {
  const { word, tone } = impactWords[incident.impact]
  return markup`<li><a class="title" href="${place.back}${fileOf('incidents', incident.id)}" dir="auto">${inOneLine(incident.title)}</a>
<p class="facts"><span class="tag ${incident.state === 'resolved' ? 'over' : tone}">${stateWords[incident.state]}</span><span>${word} impact</span>${named(incident.components, place)}<span>${incidentTime(incident)}</span></p></li>`
}

/** Planned work in two lines. */
export function maintenanceLine(work: Maintenance, place: Place): Markup {
  const isOver = work.state === 'completed' || work.state === 'cancelled'
  return markup`<li><a class="title" href="${place.back}${fileOf('maintenance', work.id)}" dir="auto">${inOneLine(work.title)}</a>
<p class="facts"><span class="tag ${isOver ? 'over' : 'work'}">${stateWords[work.state]}</span><span>Planned work</span>${named(work.components, place)}<span>${moment(work.from)} to ${moment(work.to)}</span></p></li>`
}

function heading(title: string, { back, level }: Place, file: string): Markup {
  const text = inOneLine(title) || 'Without a title'
  return level === 1
    ? markup`<h1 dir="auto">${text}</h1>`
    : markup`<h3><a class="title" href="${back}${file}" dir="auto">${text}</a></h3>`
}

function incidentTime({ openedAt, resolvedAt }: Incident): Markup {
  if (resolvedAt === null) return markup`since ${moment(openedAt)}`
  return markup`${moment(openedAt)}, for ${lengthText(between(openedAt, resolvedAt))}`
}

/** The components by name. One that is no longer watched is named by its id. */
function named(ids: readonly string[], { back, level, components }: Place): Markup | null {
  if (ids.length === 0) return null
  const shown = level === 1 ? ids : ids.slice(0, brief.components)
  const links = shown.map((id, index) => {
    const component = components.find((each) => each.id === id)
    const comma = index > 0 && ', '
    if (!component) return markup`${comma}${id}`
    return markup`${comma}<a href="${back}index.html#${component.id}"><bdi>${inOneLine(component.name)}</bdi></a>`
  })
  const more = ids.length - shown.length
  return markup`<span>${links}${more > 0 && ` and ${more} more`}</span>`
}

function updates(
  { updates: all }: { readonly updates: readonly Update<keyof typeof stateWords>[] },
  { back, level }: Place,
  { file, most }: { file: string; most: number },
): Markup | null {
  if (all.length === 0) return null
  const shown = (level === 1 ? all : all.slice(0, most)).map(({ at, state, text }) => {
    const letters = [...text.trim()]
    const isCut = level !== 1 && letters.length > brief.characters
    return { at, state, text: isCut ? `${letters.slice(0, brief.characters).join('')}…` : text.trim(), isCut }
  })
  const isMore = shown.length < all.length || shown.some(({ isCut }) => isCut)
  return markup`<ol class="updates">${shown.map(
    ({ at, state, text }) =>
      markup`<li><p class="when"><b>${stateWords[state]}</b> ${moment(at)}</p><p class="text" dir="auto">${text}</p></li>`,
  )}</ol>${isMore && markup`<p class="more"><a href="${back}${file}">All of it, ${counted(all.length, 'update')}</a></p>`}`
}
