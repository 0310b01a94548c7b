import { domainToASCII } from 'node:url'

/** Source: RFC 5321, 4.5.3.1. */
const addressLengthMax = 254
const localLengthMax = 64
/** No blank, no control character, and none of the signs that would have to be quoted. */
const localPart = /^[^\s\p{Cc}\p{Cs}()<>[\]:;@\\,"]{1,64}$/u
const hostName = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){0,20}[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/

/** Where mail goes, with the domain as DNS has it. */
export type Address = { readonly local: string; readonly domain: string }

/** Takes an address apart; undefined is one that no mail server could take. One mail goes to one address. */
export function parseAddress(text: string): Address | undefined {
  const at = text.lastIndexOf('@')
  const local = text.slice(0, Math.max(at, 0))
  const domain = domainToASCII(text.slice(at + 1)).toLowerCase()
  const isOne =
    localPart.test(local) &&
    Buffer.byteLength(local) <= localLengthMax &&
    domain.length + local.length < addressLengthMax &&
    hostName.test(domain)
  return isOne ? { local, domain } : undefined
}

/** The address as it is shown to the mail server. */
export function written({ local, domain }: Address): string {
  return `${local}@${domain}`
}

/** Whether mail may go to this address, by a list of addresses and domains; an empty list allows all. */
export function isAllowed(address: Address, onlyTo: readonly string[]): boolean {
  if (onlyTo.length === 0) return true
  return onlyTo.some((each) =>
    each.includes('@') ? each === written(address).toLowerCase() : each === address.domain,
  )
}

/** One entry of such a list in the form that is compared, or undefined when it is neither address nor domain. */
export function listed(text: string): string | undefined {
  const entry = text.trim()
  if (entry.includes('@') && !entry.startsWith('@')) {
    const address = parseAddress(entry)
    return address && written(address).toLowerCase()
  }
  const domain = domainToASCII(entry.replace(/^@/, '')).toLowerCase()
  return hostName.test(domain) ? domain : undefined
}
