import { controlValue, dataFields, type MarcRecord, subfieldValues } from './record.ts'

/** The two families of MARC that give the same tags different meanings. RUSMARC is UNIMARC. */
export type MarcFormat = 'marc21' | 'unimarc'

/**
 * Tells UNIMARC from MARC 21 by what only one of them has: the title in 200 or in 245, then the coded data in
 * 100 $a or in 008. In doubt it is MARC 21.
 */
export function formatOf(record: MarcRecord): MarcFormat {
  const has245 = dataFields(record, '245').length > 0
  const has200 = dataFields(record, '200').some((field) => subfieldValues(field, 'a').length > 0)
  if (has245 !== has200) return has200 ? 'unimarc' : 'marc21'
  if (controlValue(record, '008') !== undefined) return 'marc21'
  const coded = dataFields(record, '100').flatMap((field) => subfieldValues(field, 'a'))
  return coded.some((value) => /^\d{8}[a-z|][\d |]/.test(value)) ? 'unimarc' : 'marc21'
}
