import { hash } from 'node:crypto'

/** SHA-256 of a request: the same words in another order are the same request. */
export function requestDigest(action: string, ask: unknown): Buffer {
  return hash('sha256', `${action}\n${inOrder(ask)}`, 'buffer')
}

function inOrder(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}
