import { nearest } from './nearest.ts'

/** Reads one value; tells each problem with the place where it stands, and is then undefined. */
export type Shape<T> = (value: unknown, at: string, problems: string[]) => T | undefined

type Read<S> = S extends Shape<infer T> ? T : never
type Fields = Readonly<Record<string, Shape<unknown>>>
type ReadFields<F extends Fields> = { readonly [K in keyof F]: Read<F[K]> }

/** An object of exactly these fields; an unknown one is refused with the likeliest that was meant. */
export function object<F extends Fields>(fields: F): Shape<ReadFields<F>> {
  return (value, at, problems) => {
    if (!isPlain(value)) return wrong(at, 'an object', value, problems)
    for (const key of Object.keys(value)) {
      if (Object.hasOwn(fields, key)) continue
      const meant = nearest(key, Object.keys(fields))
      problems.push(`There is no setting ${below(at, shown(key))}.${meant ? ` Was ${meant} meant?` : ''}`)
    }
    const entries = Object.entries(fields).map(([key, shape]) => [
      key,
      shape(value[key], below(at, key), problems),
    ])
    return Object.fromEntries(entries) as ReadFields<F>
  }
}

type Kinds = Readonly<Record<string, Fields>>
type ReadKinds<K extends Kinds> = {
  [Name in keyof K & string]: { readonly kind: Name } & ReadFields<K[Name]>
}[keyof K & string]

/** One of several objects, told apart by their `kind`. */
export function oneOfKind<K extends Kinds>(kinds: K): Shape<ReadKinds<K>> {
  return (value, at, problems) => {
    if (!isPlain(value)) return wrong(at, 'an object', value, problems)
    const kind = choice(Object.keys(kinds))(value.kind, below(at, 'kind'), problems)
    const fields = kind === undefined ? undefined : kinds[kind]
    if (!fields) return undefined
    return object({ kind: choice([String(kind)]), ...fields })(value, at, problems) as
      | ReadKinds<K>
      | undefined
  }
}

/** A list with a limit. */
export function list<T>(
  shape: Shape<T>,
  { most, least = 0 }: { most: number; least?: number },
): Shape<readonly T[]> {
  return (value, at, problems) => {
    if (!Array.isArray(value)) return wrong(at, 'a list', value, problems)
    if (value.length > most)
      return tell(problems, `${at} may have at most ${most} entries; it has ${value.length}.`)
    if (value.length < least)
      return tell(problems, `${at} must have at least ${least} ${least === 1 ? 'entry' : 'entries'}.`)
    return value
      .map((each, index) => shape(each, `${at}[${index}]`, problems))
      .filter((each) => each !== undefined)
  }
}

/** What stands for a value that is left out. */
export function or<T, D>(shape: Shape<T>, otherwise: D): Shape<T | D> {
  return (value, at, problems) => (value === undefined ? otherwise : shape(value, at, problems))
}

/** Text of one line. */
export function text({ most, least = 1 }: { most: number; least?: number }): Shape<string> {
  return (value, at, problems) =>
    typeof value === 'string' &&
    value.trim().length >= least &&
    value.length <= most &&
    !/\p{Cc}/u.test(value)
      ? value.trim()
      : wrong(at, `a text of ${least} to ${most} characters on one line`, value, problems)
}

/** A whole number. */
export function whole(least: number, most: number): Shape<number> {
  return (value, at, problems) =>
    typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
      ? value
      : wrong(at, `a whole number from ${least} to ${most}`, value, problems)
}

/** A number. */
export function amount(least: number, most: number): Shape<number> {
  return (value, at, problems) =>
    typeof value === 'number' && value >= least && value <= most
      ? value
      : wrong(at, `a number from ${least} to ${most}`, value, problems)
}

/** True or false. */
export const yesNo: Shape<boolean> = (value, at, problems) =>
  typeof value === 'boolean' ? value : wrong(at, 'true or false', value, problems)

/** One of these words. */
export function choice<const W extends string>(words: readonly W[]): Shape<W> {
  return (value, at, problems) =>
    words.includes(value as W) ? (value as W) : wrong(at, `one of ${words.join(', ')}`, value, problems)
}

/** A name that is safe in an address: lower case, digits, dashes. */
export const id: Shape<string> = (value, at, problems) =>
  typeof value === 'string' && /^[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?$/.test(value)
    ? value
    : wrong(at, 'at most 60 lower case letters, digits and dashes', value, problems)

/** An http or https address without a login in it. */
export const address: Shape<string> = (value, at, problems) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '')
    return String(value)
  return wrong(at, 'an http or https address, without a login in it', value, problems)
}

/** A host name or an IP address. */
export const host: Shape<string> = (value, at, problems) =>
  typeof value === 'string' && /^[A-Za-z0-9:.-]{1,253}$/.test(value)
    ? value
    : wrong(at, 'a host name or an IP address', value, problems)

/** A mail address, as far as it matters here. */
export const mailbox: Shape<string> = (value, at, problems) =>
  isMailbox(value) ? value : wrong(at, 'a mail address', value, problems)

/** Whether this can be the address of a mailbox. */
export function isMailbox(value: unknown): value is string {
  return (
    typeof value === 'string' &&
    value.length <= 254 &&
    /^[^\s@<>()[\]\\,;:"\p{Cc}]{1,64}@[A-Za-z0-9.-]{1,189}$/u.test(value)
  )
}

function wrong(at: string, wanted: string, value: unknown, problems: string[]): undefined {
  return tell(
    problems,
    value === undefined ? `${at} is missing; it must be ${wanted}.` : `${at} must be ${wanted}.`,
  )
}

function tell(problems: string[], sentence: string): undefined {
  problems.push(sentence)
}

function below(at: string, key: string): string {
  return at === '' ? key : `${at}.${key}`
}

function shown(key: string): string {
  return key.replaceAll(/[^\w-]/g, '?').slice(0, 60)
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
