/** An address of this site with its query; what is undefined, empty or false is left out. */
export function address(
  path: string,
  query: Readonly<Record<string, string | number | boolean | undefined | null>> = {},
): string {
  const words = new URLSearchParams()
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === null || value === '' || value === false) continue
    words.set(name, value === true ? 'yes' : String(value))
  }
  const text = words.toString()
  return text ? `${path}?${text}` : path
}
