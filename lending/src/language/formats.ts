// Formats of `Intl` by language and options, made once each: to make one takes a hundred times as long as to use it. There are
// as many as languages, time zones of branches, currencies and ways to write something.

/** Days and times. */
export const dateFormat = onceEach(
  (locale, options: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options),
)
/** Numbers, money, and amounts with their unit. */
export const numberFormat = onceEach(
  (locale, options: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options),
)
/** How far off a day is. */
export const relativeTimeFormat = onceEach(
  (locale, options: Intl.RelativeTimeFormatOptions) => new Intl.RelativeTimeFormat(locale, options),
)
/** One after the other. */
export const listFormat = onceEach(
  (locale, options: Intl.ListFormatOptions) => new Intl.ListFormat(locale, options),
)
/** What languages are called. */
export const displayNames = onceEach(
  (locale, options: Intl.DisplayNamesOptions) => new Intl.DisplayNames(locale, options),
)

function onceEach<Options, Format>(
  make: (locale: string, options: Options) => Format,
): (locale: string, options: Options) => Format {
  const made = new Map<string, Format>()
  return (locale, options) => {
    const name = `${locale} ${JSON.stringify(options)}`
    const known = made.get(name)
    if (known) return known
    const format = make(locale, options)
    made.set(name, format)
    return format
  }
}
