import { fitForXml } from '../../catalogue/marc/xml-characters.ts'
import { type Html, html } from '../pages/html.ts'

/** Something drawn, in its own units: a page scales it to its place, a file keeps it. */
export type Picture = {
  readonly width: number
  readonly height: number
  /** What it shows, in words, for whoever cannot see it. */
  readonly label: string
  readonly inside: Html
}

/** A picture in a page: it has the colours of the page, in light and dark. It is read from left to right in every language. */
export function pictureIn({ width, height, label, inside }: Picture, className = ''): Html {
  return html`<svg class="plot ${className}" viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}" direction="ltr">${inside}</svg>`
}

const padding = 16
const headHeight = 40

/** A picture as a file of its own, with its heading, on white: to be printed, or put into a report. */
export function pictureFile({ width, height, label, inside }: Picture, heading: string): string {
  const [wholeWidth, wholeHeight] = [width + 2 * padding, height + headHeight + 2 * padding]
  const file = html`<svg xmlns="http://www.w3.org/2000/svg" class="plot" width="${wholeWidth}" height="${wholeHeight}" viewBox="0 0 ${wholeWidth} ${wholeHeight}" role="img" direction="ltr">
<title>${label}</title>
${fileLooks}
<rect width="${wholeWidth}" height="${wholeHeight}" fill="#ffffff"/>
<text class="heading" x="${padding}" y="${padding + 18}">${heading}</text>
<g transform="translate(${padding} ${padding + headHeight})">${inside}</g>
</svg>
`
  return fitForXml(file.html)
}

/** The tokens of bibby.css for light, because a file does not see the stylesheet. */
const fileLooks = html`<style>
.plot { font: 12px system-ui, "Noto Sans", sans-serif; }
.plot text { fill: #585b58; }
.plot .heading { fill: #1f2324; font-size: 18px; font-weight: 600; }
.plot .grid { stroke: #dfdacd; }
.plot .base { stroke: #857f70; }
.plot .bar { fill: #17584a; }
.plot .name, .plot .value { fill: #1f2324; }
</style>`
