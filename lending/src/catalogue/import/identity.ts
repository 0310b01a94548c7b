import { hash } from 'node:crypto'
import type { TitleFields } from '../title-fields.ts'

/** By which source and number a record is known when it comes again. */
export type Identity = { readonly controlSource: string; readonly controlNumber: string }

/**
 * The number that the record carries, or else a digest of what identifies the work: then the same record brought
 * again is known again, and a correction of its title is another title. `source` stands in where the record does
 * not say who numbered it, `digestSource` is the source of digests.
 */
export function identityOf(
  fields: TitleFields,
  { source, digestSource }: { readonly source: string; readonly digestSource: string },
): Identity {
  if (fields.controlNumber !== null) {
    return { controlSource: fields.controlSource || source, controlNumber: fields.controlNumber }
  }
  const { title, subtitle, authors, publisher, publishedYear, isbns, material, language } = fields
  const parts = [title, subtitle, authors, publisher, publishedYear, isbns, material, language]
  return {
    controlSource: digestSource,
    controlNumber: hash('sha256', JSON.stringify(parts), 'hex').slice(0, 32),
  }
}

/** A digest of every field, to tell whether a record says the same as it did. */
export function fieldsDigest(fields: TitleFields): Buffer {
  const parts = Object.entries(fields).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return hash('sha256', JSON.stringify(parts), 'buffer')
}
