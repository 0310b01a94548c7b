import type { Rows as PlainRows } from '@bibby/guard/host.ts'
import type { Rows } from '../postgres/pool.ts'
import { sql } from '../postgres/sql.ts'

/** The texts of the guard, cut at their places. They are literals of its source, so there are few. */
const known = new Map<
  string,
  { readonly strings: TemplateStringsArray; readonly places: readonly number[] }
>()

/** Statements as the guard writes them, text and values apart, run as ours. */
export function plainRows(db: { readonly rows: Rows }): PlainRows {
  return <R extends object>(text: string, values: readonly unknown[]) => {
    const { strings, places } = cut(text)
    return db.rows<R>(sql(strings, ...places.map((place) => values[place - 1])))
  }
}

function cut(text: string) {
  const found = known.get(text)
  if (found) return found
  const pieces = text.split(/\$(\d{1,3})/)
  const strings = pieces.filter((_, at) => at % 2 === 0)
  const places = pieces.filter((_, at) => at % 2 === 1).map(Number)
  const fresh = { strings: Object.assign(strings, { raw: strings }), places }
  known.set(text, fresh)
  return fresh
}
