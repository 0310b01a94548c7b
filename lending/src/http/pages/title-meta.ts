import type { CopyState } from '../../catalogue/copy.ts'
import type { Cover } from '../../catalogue/covers/covers.ts'
import type { Title } from '../../catalogue/title.ts'
import type { Material } from '../../catalogue/title-fields.ts'
import { coverAddress } from './cover-view.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** What schema.org calls each kind of thing. */
export const schemaTypes: Readonly<Record<Material, string>> = {
  book: 'https://schema.org/Book',
  serial: 'https://schema.org/Periodical',
  music: 'https://schema.org/MusicAlbum',
  score: 'https://schema.org/SheetMusic',
  audio: 'https://schema.org/AudioObject',
  video: 'https://schema.org/Movie',
  map: 'https://schema.org/Map',
  picture: 'https://schema.org/VisualArtwork',
  software: 'https://schema.org/SoftwareApplication',
  manuscript: 'https://schema.org/Manuscript',
  kit: 'https://schema.org/CreativeWork',
  object: 'https://schema.org/CreativeWork',
  mixed: 'https://schema.org/CreativeWork',
}

/** How schema.org says whether a copy can be had; undefined for one that no reader is offered. */
export const schemaAvailability: Readonly<Record<CopyState, string | undefined>> = {
  available: 'https://schema.org/InStock',
  'on-loan': 'https://schema.org/OutOfStock',
  'on-hold-shelf': 'https://schema.org/OutOfStock',
  'in-transit': 'https://schema.org/OutOfStock',
  'not-for-loan': 'https://schema.org/InStoreOnly',
  missing: undefined,
  withdrawn: undefined,
}

/** Of a summary no more is said where pages are listed. */
const descriptionMax = 200

/** What a page of a title says of itself to whoever links to it: its one address, and a card to show (Open Graph). */
export function titleMeta(
  { library }: Visit,
  {
    title,
    cover,
    origin,
  }: {
    readonly title: Title
    readonly cover: Cover | undefined
    /** As the request came in: `https://library.example.org`. */
    readonly origin: string
  },
): Html {
  const path = `/titles/${title.titleId}`
  const about = [...(title.summary || title.authors.join('; '))].slice(0, descriptionMax).join('')
  return html`<link rel="canonical" href="${path}">
${about && html`<meta name="description" content="${about}">`}
<meta property="og:type" content="${title.material === 'book' ? 'book' : 'website'}">
<meta property="og:title" content="${title.title}">
<meta property="og:url" content="${origin}${path}">
<meta property="og:site_name" content="${library?.name ?? 'Bibby'}">
${about && html`<meta property="og:description" content="${about}">`}
${cover && html`<meta property="og:image" content="${origin}${coverAddress(cover, 336)}">`}
${title.isbns[0] && html`<meta property="book:isbn" content="${title.isbns[0]}">`}`
}
