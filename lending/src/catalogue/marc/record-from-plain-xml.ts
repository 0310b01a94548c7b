import type { Field, MarcRecord, Subfield } from './record.ts'

/**
 * Reads a `record` element that is written as every system writes it: the elements of MARCXML, one prefix or none,
 * attributes in double quotes, no comments. Undefined for all else, right or wrong, which is left to a true XML
 * parser; that one takes ten times as long.
 */
export function recordFromPlainXml(xml: string): MarcRecord | undefined {
  const reading: Reading = { xml, at: 0, prefix: undefined, isPlain: true }
  const fields: Field[] = []
  let leader: string | undefined
  if (open(reading)?.name !== 'record') return undefined
  for (let next = open(reading); next; next = open(reading)) {
    const { name, attributes } = next
    if (name === 'leader' && leader === undefined) leader = leaf(reading, 'leader')
    else if (name === 'controlfield')
      fields.push({ tag: attribute(reading, attributes, 'tag'), value: leaf(reading, name) })
    else if (name === 'datafield') fields.push(dataField(reading, attributes))
    else return undefined
    if (!reading.isPlain) return undefined
  }
  close(reading, 'record')
  const isWhole =
    reading.isPlain && reading.at === xml.length && leader !== undefined && /^[ -~]{24}$/.test(leader)
  return isWhole && leader !== undefined && fields.every(({ tag }) => /^[0-9A-Za-z]{3}$/.test(tag))
    ? { leader, fields }
    : undefined
}

type Reading = {
  readonly xml: string
  at: number
  /** That of the record, which all must share. */
  prefix: string | undefined
  /** False once something was seen that a true parser must judge. */
  isPlain: boolean
}

const startTag =
  /\s{0,1000}<([\w.-]{1,64}:)?(record|leader|controlfield|datafield|subfield)((?:\s{1,100}[\w:.-]{1,64}="[^"<&]{0,1000}")*)>/y
const endTag = /\s{0,1000}<\/([\w.-]{1,64}:)?(record|datafield)\s{0,100}>/y

function open(reading: Reading): { name: string; attributes: string } | undefined {
  startTag.lastIndex = reading.at
  const found = startTag.exec(reading.xml)
  if (!found) return undefined
  reading.at = startTag.lastIndex
  const [, prefix = '', name = '', attributes = ''] = found
  reading.prefix ??= prefix
  if (prefix !== reading.prefix) reading.isPlain = false
  return { name, attributes }
}

function close(reading: Reading, name: string): void {
  endTag.lastIndex = reading.at
  const [, prefix = '', found] = endTag.exec(reading.xml) ?? []
  if (found === name && prefix === reading.prefix) reading.at = endTag.lastIndex
  else reading.isPlain = false
}

/** The text of an element that holds nothing else. */
function leaf(reading: Reading, name: string): string {
  const { xml, at, prefix = '' } = reading
  const to = xml.indexOf('<', at)
  const end = `</${prefix}${name}>`
  if (to < 0 || !xml.startsWith(end, to)) {
    reading.isPlain = false
    return ''
  }
  reading.at = to + end.length
  const text = xml.slice(at, to)
  if (unusual.test(text)) reading.isPlain = false
  return text.includes('&') ? withoutReferences(reading, text) : text
}

/** Character references and what XML cannot carry are for the true parser. */
const unusual = /&#|\]\]>|(?![\t\n\r\u{7f}-\u{9f}])\p{Cc}|[\uFFFE\uFFFF]/u
const named: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

function withoutReferences(reading: Reading, text: string): string {
  let known = 0
  const plain = text.replaceAll(/&(amp|lt|gt|quot|apos);/g, (_, name: string) => {
    known += 1
    return named[name] ?? ''
  })
  if (known !== text.split('&').length - 1) reading.isPlain = false
  return plain
}

function dataField(reading: Reading, attributes: string): Field {
  const tag = attribute(reading, attributes, 'tag')
  const indicators = character(reading, attributes, 'ind1') + character(reading, attributes, 'ind2')
  const subfields: Subfield[] = []
  for (let next = open(reading); next && reading.isPlain; next = open(reading)) {
    if (next.name !== 'subfield') reading.isPlain = false
    subfields.push({ code: character(reading, next.attributes, 'code'), value: leaf(reading, 'subfield') })
  }
  close(reading, 'datafield')
  return { tag, indicators, subfields }
}

function attribute(reading: Reading, attributes: string, name: string): string {
  const before = ` ${name}="`
  const at = attributes.indexOf(before)
  const from = at + before.length
  if (at < 0 || attributes.includes(before, from)) {
    reading.isPlain = false
    return ''
  }
  return attributes.slice(from, attributes.indexOf('"', from))
}

function character(reading: Reading, attributes: string, name: string): string {
  const value = attribute(reading, attributes, name)
  if (!/^[ -~]$/.test(value)) reading.isPlain = false
  return value
}
