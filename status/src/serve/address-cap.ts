import type { Socket } from 'node:net'

/**
 * Lets one address hold so many connections at once; those beyond are closed at once. Whoever asks for the page and reads
 * it slowly, or not at all, takes the places of their own address and of nobody else.
 */
export function addressCap(most: number): (socket: Socket) => void {
  const held = new Map<string, number>()
  return (socket) => {
    const from = heldBy(socket.remoteAddress ?? '')
    const count = held.get(from) ?? 0
    if (count >= most) {
      socket.destroy()
      return
    }
    held.set(from, count + 1)
    socket.once('close', () => {
      const left = (held.get(from) ?? 1) - 1
      if (left === 0) held.delete(from)
      else held.set(from, left)
    })
  }
}

/** Whom an address belongs to: of IPv6 the network of 64 bits, for whoever has one address there has them all. */
export function heldBy(address: string): string {
  const bare = address.split('%')[0] ?? ''
  if (!bare.includes(':') || bare.includes('.')) return bare.slice(bare.lastIndexOf(':') + 1)
  const [before = '', after = ''] = bare.split('::')
  const [first, last] = [before, after].map((part) => (part === '' ? [] : part.split(':'))) as [
    string[],
    string[],
  ]
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0')
  return [...first, ...zeros, ...last].slice(0, 4).join(':')
}
