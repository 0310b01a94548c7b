import { lookup } from 'node:dns/promises'
import { statSync } from 'node:fs'
import { isIP } from 'node:net'
import { networkInterfaces } from 'node:os'
import { connect } from 'node:tls'
import type { Config } from '../config/config.ts'

const tlsTimeoutMs = 5_000

/** What this page shares with what it watches, as sentences for its readers. Empty when nothing was found. */
export async function whatIsShared(config: Config): Promise<string[]> {
  const watched = new URL(config.page.libraryUrl)
  const page = config.page.url === '' ? undefined : new URL(config.page.url)
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((all) => all?.map(({ address }) => address) ?? []),
  )
  const [watchedAt, pageAt] = await Promise.all([
    addressesOf(watched.hostname),
    page ? addressesOf(page.hostname) : ([] as string[]),
  ])
  const sentences: string[] = []
  if (watchedAt.some((address) => own.has(address))) {
    sentences.push(
      'This page is written on the machine that it watches: when the machine is gone, so is this page.',
    )
  }
  if (page && watchedAt.some((address) => pageAt.includes(address)))
    sentences.push('This page and the library have the same network address.')
  if (page && page.hostname === watched.hostname)
    sentences.push(`This page and the library have the same name, ${page.hostname}.`)
  else if (
    page &&
    domainOf(page.hostname) !== undefined &&
    domainOf(page.hostname) === domainOf(watched.hostname)
  ) {
    sentences.push(`This page and the library lie in the same domain, ${domainOf(page.hostname)}.`)
  }
  if (page && page.protocol === 'https:' && watched.protocol === 'https:') {
    const [ours, theirs] = await Promise.all([certificateOf(page), certificateOf(watched)])
    if (ours !== undefined && ours === theirs)
      sentences.push('This page and the library have the same certificate.')
  }
  const folders = config.publish.flatMap((target) => (target.kind === 'folder' ? [target.folder] : []))
  const disks = new Set(folders.map(diskOf).filter((disk) => disk !== undefined))
  if (folders.length === config.publish.length && disks.size === 1)
    sentences.push('All copies of this page lie on one disk.')
  return sentences
}

/** The last two parts of a name, without the rest: near enough for a sentence. Undefined for an address. */
export function domainOf(hostname: string): string | undefined {
  const parts = hostname.split('.')
  return parts.length >= 2 && /[a-z]/i.test(parts.at(-1) ?? '')
    ? parts.slice(-2).join('.').toLowerCase()
    : undefined
}

async function addressesOf(hostname: string): Promise<string[]> {
  const bare = hostname.replace(/^\[(.*)\]$/, '$1')
  return lookup(bare, { all: true }).then(
    (all) => all.map(({ address }) => address),
    () => [],
  )
}

function certificateOf({ hostname, port }: URL): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = connect({
      host: hostname,
      port: Number(port) || 443,
      ...(isIP(hostname) ? {} : { servername: hostname }),
      rejectUnauthorized: false,
      timeout: tlsTimeoutMs,
    })
    const end = (found?: string) => {
      socket.destroy()
      resolve(found)
    }
    socket.on('secureConnect', () => end(socket.getPeerCertificate().fingerprint256))
    socket.on('error', () => end())
    socket.on('timeout', () => end())
  })
}

function diskOf(folder: string): number | undefined {
  try {
    return statSync(folder).dev
  } catch {
    return undefined
  }
}
