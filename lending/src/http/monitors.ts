import { BlockList, isIP } from 'node:net'
import type { FastifyRequest } from 'fastify'
import type { Library } from '../library.ts'

/** What a proxy says of whom it speaks for. */
const forwarding = ['x-forwarded-for', 'x-real-ip', 'forwarded', 'via'] as const

/**
 * Who may read what is for monitors only: this machine, and the machines that the settings name. A request that came
 * through a proxy is never taken for this machine's own, or a proxy beside us would open the door to everybody; it
 * counts where the proxy is trusted and the client behind it is named.
 */
export function monitorsOf({ monitors }: Pick<Library, 'monitors'>): (request: FastifyRequest) => boolean {
  const named = networks(monitors)
  const thisMachine = networks(['127.0.0.0/8', '::1'])
  return ({ ip, ips, headers }) => {
    if (!forwarding.some((name) => headers[name] !== undefined)) {
      return holds(thisMachine, ip) || holds(named, ip)
    }
    // With one address only, that is of a proxy that nobody told us to trust.
    return (ips?.length ?? 0) > 1 && holds(named, ip)
  }
}

function networks(written: readonly string[]): BlockList {
  const list = new BlockList()
  for (const each of written) {
    const [address = '', bits] = each.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    if (bits === undefined) list.addAddress(address, family)
    else list.addSubnet(address, Number(bits), family)
  }
  return list
}

function holds(list: BlockList, address: string): boolean {
  const [plain = ''] = address.split('%')
  const family = isIP(plain)
  return family !== 0 && list.check(plain, family === 6 ? 'ipv6' : 'ipv4')
}
