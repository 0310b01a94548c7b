import pg from 'pg'

const bigintOid = 20
const dateOid = 1082

/** Identities come as numbers (checked, but for those within JSON), days as `YYYY-MM-DD`, all else as `pg` has it. */
export function typeParser(oid: number, format?: 'text' | 'binary'): (value: string) => unknown {
  if (oid === bigintOid) return wholeNumber
  if (oid === dateOid) return (day: string) => day
  return pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (!Number.isSafeInteger(number))
    throw new RangeError(`The database holds ${text}, past what a number can carry.`)
  return number
}
