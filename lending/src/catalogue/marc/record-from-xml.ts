import sax from 'sax'
import { worded } from '../../language/worded.ts'
import type { DataField, Field, MarcRecord, RejectCode, Subfield } from './record.ts'

/** A record from its element, and what was mended; or why it cannot be one. */
export type FromXml =
  | { readonly record: MarcRecord; readonly warnings: readonly string[] }
  | { readonly code: RejectCode; readonly reason: string }

/** Reads the text of one `record` element under any prefix. Never throws. */
export function recordFromXml(xml: string): FromXml {
  const reading: Reading = {
    refusal: undefined,
    leader: undefined,
    fields: [],
    warnings: new Set(),
    path: [],
    tag: '',
    open: undefined,
    code: '',
    text: '',
  }
  // Known to the parser and not to its types: only the five entities of XML.
  const parser = sax.parser(true, { strictEntities: true } as sax.SAXOptions)
  parser.onerror = (error) => refuse(reading, 'xml-malformed', parserSays(error))
  parser.ondoctype = () => refuse(reading, 'xml-unsafe', worded('reject.record-doctype'))
  parser.onopentag = ({ name, attributes }) => opened(reading, local(name), attributes)
  parser.onclosetag = () => closed(reading)
  parser.ontext = (piece) => heard(reading, piece)
  parser.oncdata = (piece) => heard(reading, piece)
  try {
    parser.write(xml.replaceAll(/\r\n?/g, '\n')).close()
  } catch (thrown) {
    refuse(reading, 'xml-malformed', parserSays(thrown))
  }
  return reading.refusal ?? finished(reading)
}

/** Deeper elements are no MARCXML; the format has three levels. */
const depthMax = 8
/** Far past any real record. */
const fieldsMax = 50_000
const leaderLength = 24
const emptyLeader = '00000nam a2200000   4500'

/** The first reason counts; what is read after it is thrown away. */
function refuse(reading: Reading, code: RejectCode, reason: string): void {
  reading.refusal ??= { code, reason }
}

/** What the parser says is English; where it stood, in the lines behind it, is of this one record only. */
function parserSays(error: unknown): string {
  const [says = ''] = (error instanceof Error ? error.message : String(error)).split('\n')
  return worded('reject.xml-malformed', { says })
}

type OpenField = Omit<DataField, 'subfields'> & { readonly subfields: Subfield[] }

type Reading = {
  refusal: { readonly code: RejectCode; readonly reason: string } | undefined
  leader: string | undefined
  readonly fields: Field[]
  readonly warnings: Set<string>
  /** The elements that are open, by local name. */
  readonly path: string[]
  tag: string
  open: OpenField | undefined
  code: string
  text: string
}

/** Which element may stand in which. */
const parents: Readonly<Record<string, string | undefined>> = {
  leader: 'record',
  controlfield: 'record',
  datafield: 'record',
  subfield: 'datafield',
}

function opened(reading: Reading, name: string, attributes: Readonly<Record<string, string | object>>): void {
  const parent = reading.path.at(-1)
  reading.path.push(name)
  if (reading.path.length > depthMax)
    refuse(reading, 'xml-unsafe', worded('reject.too-deep', { max: depthMax }))
  if (reading.fields.length > fieldsMax)
    refuse(reading, 'xml-unsafe', worded('reject.fields-too-many', { max: fieldsMax }))
  reading.text = ''
  const wanted = parents[name]
  if (wanted === undefined) {
    if (parent !== undefined) reading.warnings.add(`The element "${name.slice(0, 40)}" is none of MARCXML.`)
    return
  }
  if (parent !== wanted)
    refuse(
      reading,
      'xml-malformed',
      worded('reject.element-misplaced', { name, parent: parent ?? '', wanted }),
    )
  const attribute = (key: string) => attributeText(attributes[key])
  if (name === 'subfield') reading.code = oneCharacter(reading, attribute('code'), 'a')
  if (name !== 'controlfield' && name !== 'datafield') return
  reading.tag = attribute('tag')
  if (!/^[0-9A-Za-z]{3}$/.test(reading.tag))
    refuse(reading, 'xml-malformed', worded('reject.tag-unfit', { tag: reading.tag.slice(0, 40) }))
  if (name === 'controlfield') return
  const indicators =
    oneCharacter(reading, attribute('ind1'), ' ') + oneCharacter(reading, attribute('ind2'), ' ')
  reading.open = { tag: reading.tag, indicators, subfields: [] }
}

function closed(reading: Reading): void {
  const name = reading.path.pop()
  const { text, open } = reading
  if (name === 'leader') reading.leader = text
  if (name === 'controlfield') reading.fields.push({ tag: reading.tag, value: text })
  if (name === 'subfield') open?.subfields.push({ code: reading.code, value: text })
  if (name === 'datafield' && open) {
    reading.fields.push(open)
    reading.open = undefined
  }
  reading.text = ''
}

function heard(reading: Reading, piece: string): void {
  const name = reading.path.at(-1)
  if (!piece.isWellFormed() || forbidden.test(piece))
    refuse(reading, 'xml-malformed', worded('reject.xml-character'))
  if (name === 'leader' || name === 'controlfield' || name === 'subfield') reading.text += piece
  else if (piece.trim() !== '') reading.warnings.add('Text stands outside of the fields.')
}

/** XML allows no control character but tab and line ends, and neither of the two last code points of its plane. */
const forbidden = /(?![\t\n\r\u{7f}-\u{9f}])\p{Cc}|[\uFFFE\uFFFF]/u

function finished({ leader, fields, warnings, path }: Reading): FromXml {
  if (path.length > 0)
    return { code: 'xml-malformed', reason: worded('reject.element-open', { name: path.at(-1) ?? '' }) }
  const said = [...warnings]
  if (leader === undefined) said.push('The record has no leader; an empty one was taken.')
  else if (!/^[ -~]{24}$/.test(leader)) said.push('The leader has not exactly 24 characters of ASCII.')
  const mended = (leader ?? emptyLeader)
    .replaceAll(/[^ -~]/g, ' ')
    .padEnd(leaderLength)
    .slice(0, leaderLength)
  return { record: { leader: mended, fields }, warnings: said }
}

function oneCharacter(reading: Reading, text: string, otherwise: string): string {
  const [first = otherwise, ...rest] = text
  if (text === '' || rest.length > 0)
    reading.warnings.add('An indicator or a subfield code has not exactly one character.')
  return first
}

function attributeText(value: string | object | undefined): string {
  return typeof value === 'string' ? value : ''
}

function local(name: string): string {
  return name.slice(name.lastIndexOf(':') + 1)
}
