import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { readIso2709, writeIso2709 } from '@bibby/lending/catalogue/marc/iso2709.ts'
import { isControl, type MarcRecord } from '@bibby/lending/catalogue/marc/record.ts'

/**
 * Writes the readable records of a MARC file so many times over, each time under other control numbers: a set of a
 * size at which the start of an import no longer counts.
 */
export async function writeManyTimes(from: string, to: string, times: number): Promise<void> {
  const records: MarcRecord[] = []
  for await (const read of readIso2709(createReadStream(from))) if (read.ok) records.push(read.record)
  await using file = await open(to, 'w')
  for (let time = 1; time <= times; time++) {
    await file.write(
      Buffer.concat(records.map((record) => Buffer.from(writeIso2709(renumbered(record, time))))),
    )
  }
}

function renumbered({ leader, fields }: MarcRecord, time: number): MarcRecord {
  return {
    leader,
    fields: fields.map((field) =>
      isControl(field) && field.tag === '001' ? { ...field, value: `${field.value}-${time}` } : field,
    ),
  }
}
