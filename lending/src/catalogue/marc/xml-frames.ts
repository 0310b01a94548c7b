/** One `<record>` element of an XML file, by its bytes. */
export type XmlFrame = {
  /** Bytes from the start of the input. */
  readonly position: number
  readonly raw: Buffer
  /** `unclosed` met another record or the end first; `too-long` passed `elementBytesMax`; the last two end it. */
  readonly kind: 'record' | 'unclosed' | 'too-long' | 'doctype' | 'nothing'
  /** What the XML declaration or a byte order mark says; '' when neither stands at the start of the input. */
  readonly declared: string
}

/** A longer element is given up, so that memory is bounded. */
export const elementBytesMax = 4 * 1024 * 1024

/**
 * Finds the `record` elements of a file, under any prefix, by scanning its bytes: so each has its place, a broken
 * one takes no neighbour along, and reading may begin anywhere. Holds for every encoding in which ASCII is itself.
 * A document type ends the reading: entities of its own could be anything.
 */
export async function* xmlFramesOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<XmlFrame> {
  const scan: Scan = {
    held: Buffer.alloc(0),
    position: 0,
    start: -1,
    at: 0,
    declared: undefined,
    found: 0,
    isOver: false,
  }
  let parts: Uint8Array[] = []
  let size = 0
  for await (const part of bytes) {
    parts.push(part)
    size += part.length
    if (size < stepBytes) continue
    scan.held = Buffer.concat([scan.held, ...parts])
    parts = []
    size = 0
    yield* frames(scan, false)
    if (scan.isOver) return
  }
  scan.held = Buffer.concat([scan.held, ...parts])
  yield* frames(scan, true)
}

type Scan = {
  held: Buffer
  /** Where `held` begins in the input. */
  position: number
  /** Where the open record begins in `held`, or -1. */
  start: number
  /** Where scanning goes on in `held`. */
  at: number
  declared: string | undefined
  found: number
  isOver: boolean
}

/** Bytes are scanned in steps of this size, however small they come. */
const stepBytes = 64 * 1024
/** No token that matters is longer, so one that is cut in two by a step is seen whole in the next. */
const tokenBytesMax = 256
/** What opens like a comment and does not end within this is none. */
const skippedBytesMax = 1024 * 1024

const token = /<(?:!--|!\[CDATA\[|!DOCTYPE|\?|\/?(?:[\w.-]{1,64}:)?record(?=[\s/>]))/g
const closers: Readonly<Record<string, string>> = { '<!--': '-->', '<![CDATA[': ']]>', '<?': '?>' }

function* frames(scan: Scan, isLast: boolean): Generator<XmlFrame> {
  scan.declared ??= declaredEncoding(scan.held)
  const text = scan.held.toString('latin1')
  const safe = isLast ? text.length : text.length - tokenBytesMax
  let at = scan.at
  for (;;) {
    token.lastIndex = at
    const found = token.exec(text)
    if (!found || found.index >= safe) break
    const closer = closers[found[0]]
    const end = text.indexOf(closer ?? '>', found.index + found[0].length)
    if (end < 0 && !isLast && text.length - found.index < skippedBytesMax) break
    at = end < 0 ? found.index + found[0].length : end + (closer ?? '>').length
    if (closer) continue
    if (found[0] === '<!DOCTYPE') {
      scan.isOver = true
      return yield frame(scan, found.index, Math.min(at, found.index + tokenBytesMax), 'doctype')
    }
    yield* boundary(scan, {
      isEnd: found[0].startsWith('</'),
      isEmpty: text[end - 1] === '/',
      from: found.index,
      to: at,
    })
  }
  if (isLast) return yield* lastFrames(scan)
  const resume = Math.max(at, Math.min(safe, nextToken(text, at)))
  if (scan.start >= 0 && text.length - scan.start > elementBytesMax) {
    yield frame(scan, scan.start, resume, 'too-long')
    scan.start = -1
  }
  const cut = scan.start >= 0 ? scan.start : resume
  scan.held = scan.held.subarray(cut)
  scan.position += cut
  scan.at = resume - cut
  if (scan.start >= 0) scan.start = 0
}

type Boundary = { isEnd: boolean; isEmpty: boolean; from: number; to: number }

function* boundary(scan: Scan, { isEnd, isEmpty, from, to }: Boundary): Generator<XmlFrame> {
  if (!isEnd) {
    if (scan.start >= 0) yield frame(scan, scan.start, from, 'unclosed')
    scan.start = from
  }
  if (scan.start < 0 || !(isEnd || isEmpty)) return
  yield frame(scan, scan.start, to, 'record')
  scan.start = -1
}

function* lastFrames(scan: Scan): Generator<XmlFrame> {
  if (scan.start >= 0) yield frame(scan, scan.start, scan.held.length, 'unclosed')
  const rest = scan.held.subarray(0, tokenBytesMax)
  if (scan.found === 0 && rest.toString('latin1').trim() !== '') yield frame(scan, 0, rest.length, 'nothing')
}

function frame(scan: Scan, from: number, to: number, kind: XmlFrame['kind']): XmlFrame {
  scan.found += 1
  const raw = Buffer.from(scan.held.subarray(from, to))
  return { position: scan.position + from, raw, kind, declared: scan.declared ?? '' }
}

/** A comment that is not closed yet stays, from its beginning. */
function nextToken(text: string, from: number): number {
  token.lastIndex = from
  return token.exec(text)?.index ?? text.length
}

function declaredEncoding(head: Buffer): string {
  const [one, two] = head
  if ((one === 0xfe && two === 0xff) || (one === 0xff && two === 0xfe)) return 'utf-16'
  const declaration = /^(?:\xef\xbb\xbf)?<\?xml[^>]{0,200}?encoding\s{0,9}=\s{0,9}["']([\w.-]{1,40})["']/
  return declaration.exec(head.toString('latin1', 0, 300))?.[1]?.toLowerCase() ?? ''
}
