import JsBarcode from 'jsbarcode'
import { type Html, html } from './html.ts'

/** How a bar code lies: along the page, or across it where the page is narrower than the code is long. */
export type BarcodeShape = {
  readonly lies: 'along' | 'across'
  /** The width of the narrowest bar in CSS pixels, a whole number so that no bar is drawn wider than another. */
  readonly modulePx: number
  /** Bars and gaps, `1` and `0`, one a module. */
  readonly modules: string
}

/** Nothing may be printed within so many modules before and after: scanners know the code by it. */
const quietModules = 10
/** What a scanner can tell apart on the screen of a phone. */
const modulePxMin = 2
const modulePxMax = 4
/** What every phone that is 390 pixels wide has room for. */
const phone = { along: 350, across: 620 }
const barsPx = 120

/**
 * The bar code (Code 128) of a card; undefined where it has no such code, or one too long to be scanned from a phone.
 */
export function barcodeOf(card: string, room: Readonly<typeof phone> = phone): BarcodeShape | undefined {
  if (!/^[\x20-\x7e]+$/.test(card)) return undefined
  const drawn: { encodings?: readonly { readonly data: string }[] } = {}
  // Given an object that is no element, it says which bars there are and draws nothing.
  JsBarcode(drawn, card, { format: 'CODE128' })
  const modules = drawn.encodings?.map(({ data }) => data).join('') ?? ''
  const fits = (lies: BarcodeShape['lies']) => Math.floor(room[lies] / (modules.length + 2 * quietModules))
  const lies = fits('along') >= modulePxMin ? 'along' : 'across'
  const modulePx = Math.min(fits(lies), modulePxMax)
  return modules === '' || modulePx < modulePxMin ? undefined : { lies, modulePx, modules }
}

/** Draws it: black on white, in the dark too, with the quiet on both sides that scanners need. */
export function barcodeImage(label: string, shape: BarcodeShape): Html {
  const { lies, modulePx, modules } = shape
  const long = (modules.length + 2 * quietModules) * modulePx
  const [width, height] = lies === 'along' ? [long, barsPx] : [barsPx, long]
  return html`<svg class="barcode" role="img" aria-label="${label}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" shape-rendering="crispEdges"><rect width="${width}" height="${height}" fill="white"/><path fill="black" d="${bars(shape)}"/></svg>`
}

function bars({ lies, modulePx, modules }: BarcodeShape): string {
  return [...modules.matchAll(/1+/g)]
    .map(({ index, 0: { length } }) => {
      const [from, wide] = [(quietModules + index) * modulePx, length * modulePx]
      return lies === 'along'
        ? `M${from} 0h${wide}v${barsPx}h-${wide}z`
        : `M0 ${from}h${barsPx}v${wide}h-${barsPx}z`
    })
    .join('')
}
