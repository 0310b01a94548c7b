/** Where somebody asks to be brought: as given when it is a path of ours, '' otherwise. Browsers read `//` and `\\` as another site. */
export function ownPath(to: string): string {
  // As a browser writes an address: everything past ASCII is escaped, and could not stand in a header otherwise.
  return /^\/(?![/\\])[\x21-\x7e]*$/.test(to) && !to.includes('\\') ? to : ''
}

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
