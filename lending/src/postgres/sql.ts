import { createHash } from 'node:crypto'

/** One statement: text with `$1` places, and the values for them. Made only by the `sql` tag. */
export type Sql = {
  readonly text: string
  readonly values: readonly unknown[]
  /** The name under which the server keeps its plan, where it is known already; an empty one is none. */
  readonly name?: string | undefined
  /** Only `sql` can put this on. */
  readonly [mark]: true
}

const mark = Symbol('made by sql')
/** Statements without parts have one text for ever: it is put together and named once. */
const whole = new WeakMap<TemplateStringsArray, Text>()

type Text = { readonly text: string; readonly name: string | undefined }

/**
 * Writes a statement. A value becomes a parameter; a value that is itself an `sql` statement becomes part
 * of the text. Nothing else reaches the text, so no value can be read as SQL.
 */
export function sql(strings: TemplateStringsArray, ...parts: readonly unknown[]): Sql {
  if (parts.some(isSql)) return composed(strings, parts)
  const { text, name } = wholeOf(strings)
  return { text, name, values: parts, [mark]: true }
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

/** One template put together in its several ways: a step for each part, by the part's text. */
type Ways = { readonly steps: Map<string, Ways>; text?: Text }

const ways = new WeakMap<TemplateStringsArray, Ways>()
/** Stands for a value among the texts of parts; no text is this. */
const aValue = '$'
/** How many ways to go on after a part are remembered. */
const stepsMax = 20

function composed(strings: TemplateStringsArray, parts: readonly unknown[]): Sql {
  const values: unknown[] = []
  const root = ways.get(strings) ?? { steps: new Map() }
  ways.set(strings, root)
  let way: Ways | undefined = root
  for (const part of parts) {
    if (isSql(part)) values.push(...part.values)
    else values.push(part)
    way = way && stepOf(way, isSql(part) ? part.text : aValue)
  }
  const { text, name } = way?.text ?? named(textOf(strings, parts))
  if (way) way.text ??= { text, name }
  return { text, name, values, [mark]: true }
}

function stepOf({ steps }: Ways, by: string): Ways | undefined {
  const known = steps.get(by)
  if (known || steps.size >= stepsMax) return known
  const fresh = { steps: new Map() }
  steps.set(by, fresh)
  return fresh
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

/**
 * The same statement, planned anew each time for the values at hand. A plan that was made for any values is quicker to come
 * by, and many times slower where much depends on them: how many days a report is about.
 */
export function plannedAnew(statement: Sql): Sql {
  return { ...statement, name: '' }
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
  return typeof part === 'object' && part !== null && mark in part
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
