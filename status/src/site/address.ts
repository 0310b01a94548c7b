import assert from 'node:assert'

/**
 * The file of an incident or of planned work, relative to the page. What is safe in an address is safe as the name
 * of a file; another id is a mistake of whoever made it, and could lead out of the folder.
 */
export function fileOf(kind: 'incidents' | 'maintenance', id: string): string {
  return `${kind}/${safeId(id)}.html`
}

/** The id as it was given, once it is known to be lower case, digits and dashes. */
export function safeId(id: string): string {
  assert.match(id, /^[a-z0-9][a-z0-9-]{0,199}$/, 'An id must be lower case letters, digits and dashes')
  return id
}

/** Where a file of the site is for the world, or null where the page was not told its own address. */
export function publicAddress(url: string, file: string): string | null {
  const base = URL.parse(url.endsWith('/') ? url : `${url}/`)
  if (!base || (base.protocol !== 'https:' && base.protocol !== 'http:')) return null
  return new URL(file, base).href
}
