import { type CsvMapping, columnsOf, type MappedField, mappedFields, nameOf } from './csv-mapping.ts'

/** What a pattern of the mapping takes of one cell of each row, for one field. */
export type Taking = {
  readonly field: MappedField
  readonly column: string
  /** Which cell of the row. */
  readonly place: number
  readonly pattern: string
  /** Where it takes nothing, the field stays empty. */
  readonly optional: boolean
}

/** Where each field is read. What patterns take stands behind the cells of a row, in the order of `takings`. */
export type PlacedColumns = {
  readonly placesOf: (field: MappedField) => readonly number[]
  readonly takings: readonly Taking[]
}

/** Finds the columns that the mapping names under this header; one that is not there is no place. */
export function placedColumns(mapping: CsvMapping, header: readonly string[]): PlacedColumns {
  const places = new Map(header.map((column, index) => [column, index] as const).toReversed())
  const takings: Taking[] = []
  const found = (field: MappedField) =>
    columnsOf(mapping, field).flatMap((column) => {
      const place = places.get(nameOf(column))
      if (place === undefined) return []
      if (typeof column === 'string') return [place]
      takings.push({ optional: false, ...column, field, place })
      return [header.length + takings.length - 1]
    })
  const all = new Map(mappedFields.map((field) => [field, found(field)] as const))
  return { placesOf: (field) => all.get(field) ?? [], takings }
}
