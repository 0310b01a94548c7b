import type { ExportedCopy } from '../exported-copy.ts'
import { type Field, isControl, type MarcRecord } from './record.ts'

/**
 * The record with a field 952 for each copy, the way Koha keeps its items and other systems read them. Every field
 * of the record stays, but for a 952 with the barcode of one of these copies: that copy is told anew.
 */
export function withCopies(record: MarcRecord, copies: readonly ExportedCopy[]): MarcRecord {
  const barcodes = new Set(copies.map(({ barcode }) => barcode))
  const stays = (field: Field) =>
    field.tag !== tag ||
    isControl(field) ||
    !field.subfields.some(({ code, value }) => code === 'p' && barcodes.has(value))
  return { ...record, fields: [...record.fields.filter(stays), ...copies.map(item)] }
}

const tag = '952'

/** Source: Koha's default item mapping. $a and $b are the home and the holding branch. */
function item(copy: ExportedCopy): Field {
  const isWithdrawn = copy.withdrawnAt !== null
  const values: readonly (readonly [string, string])[] = [
    ['0', isWithdrawn ? '1' : '0'],
    ['7', copy.lendable ? '0' : '1'],
    ['a', copy.branch],
    ['b', copy.branch],
    ['c', copy.shelf],
    ['o', copy.callNumber],
    ['p', copy.barcode],
    ['v', copy.priceCents === null ? '' : (copy.priceCents / 100).toFixed(2)],
    ['x', oneLine([copy.note, copy.withdrawnBecause ?? ''].filter((text) => text !== '').join(' \u2014 '))],
    ['y', copy.itemType],
  ]
  const subfields = values.map(([code, value]) => ({ code, value }))
  return { tag, indicators: '  ', subfields: subfields.filter(({ value }) => value !== '') }
}

function oneLine(text: string): string {
  return text.replaceAll('\n', ' ')
}
