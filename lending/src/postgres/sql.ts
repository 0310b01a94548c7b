import { createHash } from 'node:crypto'

/** One statement: text with `$1` places, and the values for them. Made only by the `sql` tag. */
export type Sql = {
  readonly text: string
  readonly values: readonly unknown[]
  /** The name under which the server keeps its plan, where it is known already. */
  readonly name?: string | undefined
}

const made = new WeakSet<object>()
/** Statements without parts have one text for ever: it is put together and named once. */
const whole = new WeakMap<TemplateStringsArray, Text>()

type Text = { readonly text: string; readonly name: string | undefined }

/**
 * Writes a statement. A value becomes a parameter; a value that is itself an `sql` statement becomes part
 * of the text. Nothing else reaches the text, so no value can be read as SQL.
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  const statement = parts.some(isSql) ? composed(strings, parts) : { ...wholeOf(strings), values: parts }
  made.add(statement)
  return statement
}

function wholeOf(strings: TemplateStringsArray): Text {
  const known = whole.get(strings)
  if (known) return known
  const fresh = named(strings.reduce((before, next, index) => `${before}$${index}${next}`))
  whole.set(strings, fresh)
  return fresh
}

function named(text: string): Text {
  return { text, name: preparedName(text) }
}

/** Texts put together from parts, by their own strings and then by the texts of the parts. */
const patched = new WeakMap<TemplateStringsArray, Map<string, Text>>()
/** Stands for a value among the texts of parts; no text is this. */
const aValue = '$'
/** How many ways of putting one template together are remembered. */
const waysMax = 20

function composed(strings: TemplateStringsArray, parts: readonly unknown[]): Sql {
  const values = parts.flatMap((part) => (isSql(part) ? part.values : [part]))
  const ways = patched.get(strings) ?? new Map<string, Text>()
  patched.set(strings, ways)
  const way = parts.map((part) => (isSql(part) ? part.text : aValue)).join('\u0000')
  const known = ways.get(way) ?? named(textOf(strings, parts))
  if (ways.size < waysMax) ways.set(way, known)
  return { ...known, values }
}

function textOf(strings: TemplateStringsArray, parts: readonly unknown[]): string {
  let count = 0
  return strings.reduce((before, next, index) => {
    const part = parts[index - 1]
    if (!isSql(part)) {
      count += 1
      return `${before}$${count}${next}`
    }
    const offset = count
    count += part.values.length
    return `${before}${part.text.replaceAll(/\$(\d{1,5})/g, (_, n: string) => `$${Number(n) + offset}`)}${next}`
  })
}

/** Joins statements with a fixed piece of text, as `a and b and c`. */
export function joined(parts: readonly Sql[], between: ' and ' | ' or ' | ', ' | ' union all '): Sql {
  const [first, ...rest] = parts
  if (!first) return sql``
  return rest.reduce((left, right) => {
    if (between === ' and ') return sql`${left} and ${right}`
    if (between === ' or ') return sql`${left} or ${right}`
    if (between === ', ') return sql`${left}, ${right}`
    return sql`${left} union all ${right}`
  }, first)
}

function isSql(part: unknown): part is Sql {
  return typeof part === 'object' && part !== null && made.has(part)
}

/** How many different statements one process prepares by name; past it they run unnamed, a little slower. */
const preparedMax = 500
const names = new Map<string, string>()

/** The name under which the server keeps the plan of this text, or undefined past the limit. */
export function preparedName(text: string): string | undefined {
  const known = names.get(text)
  if (known || names.size >= preparedMax) return known
  const name = createHash('sha256').update(text).digest('base64url').slice(0, 20)
  names.set(text, name)
  return name
}
