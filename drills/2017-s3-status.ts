import { fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Haproxy, noHaproxy, startHaproxy } from '@bibby/lending/test/haproxy.ts'
import { oneComponent, statusHome } from '@bibby/status/test/status-home.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary } from './runner/full-library.ts'

type Seen = {
  readonly asked: number
  /** Readers of the status page who got none after all else was dead. */
  readonly unserved: number
  /** From the operator’s word to when a reader could read it; undefined is never. */
  readonly shownAfterMs: number | undefined
  /** The page said that all was well, when long nothing was. */
  readonly isGreen: boolean
}

const readersPerSecond = 10
const darkMs = 6_000
const title = 'Everything is down'
const shownLimitMs = 10_000

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2017-s3-status',
  outage: 'Amazon S3, 28 February 2017: the page that should have told of the outage stood on what was down',
  safeguard:
    'a status page with a process, a storage and settings of its own, and a command that needs nothing else',
  judgedBy: 'counts',
  story: 'docs/incidents/2017-s3.md',
  plot: { axis: 'answer of the status page, ms', scale: 'log', series: { 'page, ms': 'points' } },
  harms: [
    {
      what: 'readers of the status page who got none after all else was dead',
      isThere: ({ unserved }) => unserved > 0,
      tell: ({ unserved, asked }) => `${unserved} of ${asked}`,
    },
    {
      what: 'an incident that no reader could read within ten seconds',
      isThere: ({ shownAfterMs }) => shownAfterMs === undefined || shownAfterMs > shownLimitMs,
      tell: ({ shownAfterMs }) =>
        shownAfterMs === undefined ? 'never shown' : `shown after ${(shownAfterMs / 1_000).toFixed(1)} s`,
    },
    {
      what: 'a page that says all is well, or says nothing, while nothing is',
      isThere: ({ isGreen }) => isGreen,
      tell: ({ isGreen }) => (isGreen ? 'yes' : 'no'),
    },
  ],
}

/** Bibby, its database and its balancer are killed; readers look at the status page, and the operator writes an incident. */
export const s3Status2017 = drill<Seen>({ ...told, unguarded, guarded })

type Page = {
  readonly read: () => Promise<string | undefined>
  readonly post: () => Promise<unknown>
}

async function unguarded(lab: Lab): Promise<Seen> {
  const library = await openFullLibrary(lab)
  const { rows } = await library.db.query<{ host: string; user: string }>(
    "select current_setting('unix_socket_directories') as host, current_user as user",
  )
  const { host = '', user = '' } = rows[0] ?? {}
  const child = fork(fileURLToPath(new URL('status-inside.ts', import.meta.url)), [
    '--host',
    host,
    '--user',
    user,
  ])
  lab.atTheEnd(async () => void child.kill('SIGKILL'))
  const [port] = (await once(child, 'message')) as [number]
  const address = `http://127.0.0.1:${port}/`
  return goDark(lab, library, {
    read: () => textAt(address),
    post: async () => {
      const reply = await fetch(new URL(encodeURIComponent(title), address), {
        method: 'POST',
        signal: AbortSignal.timeout(5_000),
      })
      if (!reply.ok) throw new Error(`It was answered ${reply.status}.`)
    },
  })
}

async function guarded(lab: Lab): Promise<Seen> {
  const library = await openFullLibrary(lab)
  const home = await statusHome({
    components: [oneComponent('search', library.address, { timeoutMs: 400 })],
    intervalMs: 500,
  })
  lab.atTheEnd(async () => home[Symbol.asyncDispose]())
  const address = await home.start().ready
  return goDark(lab, library, {
    read: () => textAt(address),
    post: async () => {
      const { code, stderr } = await home.command(
        'incident',
        'open',
        '--title',
        title,
        '--text',
        'We are at it.',
      )
      if (code !== 0) throw new Error(stderr)
    },
  })
}

async function goDark(lab: Lab, library: FullLibrary, page: Page): Promise<Seen> {
  const proxy: Haproxy | undefined = noHaproxy ? undefined : await startHaproxy(new URL(library.address).host)
  const server = await library.home.serverPid()
  for (let tries = 0; !isWell(await page.read()); tries++) {
    if (tries > 100) throw new Error('The status page was never well, while all was.')
    await wait(100)
  }
  lab.curtain()
  await wait(1_000, undefined, { signal: lab.signal })
  library.bibby.kill('SIGKILL')
  if (server !== undefined) process.kill(server, 'SIGKILL')
  await proxy?.[Symbol.asyncDispose]()
  lab.mark(
    `Bibby, its database and ${proxy ? 'its balancer' : 'no balancer, which is not on this machine,'} are killed`,
  )
  const dark = performance.now()
  const seen = {
    asked: 0,
    unserved: 0,
    last: undefined as string | undefined,
    shownAfterMs: undefined as number | undefined,
  }
  let postedAt: number | undefined
  while (performance.now() - dark < darkMs) {
    const asked = performance.now()
    const text = await page.read()
    lab.measure('page, ms', performance.now() - asked, asked)
    seen.asked++
    seen.last = text
    if (text === undefined) seen.unserved++
    if (postedAt !== undefined && text?.includes(title)) seen.shownAfterMs ??= performance.now() - postedAt
    if (postedAt === undefined && performance.now() - dark > 1_000) {
      postedAt = performance.now()
      page.post().then(
        () => lab.mark(`the operator has written: ${title}`),
        () => lab.mark('the operator’s word is refused'),
      )
    }
    await wait(Math.max(0, 1_000 / readersPerSecond - (performance.now() - asked)), undefined, {
      signal: lab.signal,
    })
  }
  return {
    asked: seen.asked,
    unserved: seen.unserved,
    shownAfterMs: seen.shownAfterMs,
    isGreen: seen.last === undefined || isWell(seen.last),
  }
}

/** What the page says when all is well. */
const isWell = (text: string | undefined) => text !== undefined && /All is well|Everything works/.test(text)

async function textAt(address: string): Promise<string | undefined> {
  try {
    const reply = await fetch(address, { signal: AbortSignal.timeout(2_000) })
    return reply.ok ? await reply.text() : undefined
  } catch {
    return undefined
  }
}
