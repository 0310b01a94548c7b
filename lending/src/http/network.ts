import { isIPv6 } from 'node:net'

/**
 * The network that an address counts as: itself in IPv4; in IPv6 its first 64 bits, for whoever has one address there
 * has 2^64 of them. An IPv4 address that comes in IPv6's clothes counts as what it is.
 */
export function networkOf(ip: string): string {
  if (!isIPv6(ip)) return ip
  const bare = ip.split('%', 1)[0] ?? ip
  const inner = /^(?:0{0,4}:){1,6}ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(bare)?.[1]
  if (inner) return inner
  const [head = '', tail] = bare.split('::')
  const first = groups(head)
  const last = tail === undefined ? [] : groups(tail)
  const all = [
    ...first,
    ...Array.from({ length: Math.max(0, 8 - first.length - last.length) }, () => '0'),
    ...last,
  ]
  return `${all
    .slice(0, 4)
    .map((each) => Number.parseInt(each, 16).toString(16))
    .join(':')}::/64`
}

/** An IPv4 part at the end stands for two groups; which two does not matter to the first four. */
function groups(part: string): string[] {
  return part === '' ? [] : part.split(':').flatMap((each) => (each.includes('.') ? ['0', '0'] : [each]))
}
