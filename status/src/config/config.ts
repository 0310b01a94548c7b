import {
  address,
  amount,
  choice,
  host,
  id,
  list,
  mailbox,
  object,
  oneOfKind,
  or,
  type Shape,
  text,
  whole,
  yesNo,
} from './shape.ts'

/** Where a secret stands: a file that only its owner may read, or a variable of the environment. */
export type SecretPlace = { readonly file: string | null; readonly env: string | null }

const secret: Shape<SecretPlace> = (value, at, problems) => {
  const place = object({ file: or(text({ most: 1_000 }), null), env: or(text({ most: 100 }), null) })(
    value,
    at,
    problems,
  )
  if (place && (place.file === null) === (place.env === null)) {
    problems.push(`${at} must name either a file or a variable of the environment (env).`)
  }
  return place
}

const port = whole(0, 65_535)
const timeoutMs = whole(50, 120_000)
const tcp = { host, port: whole(1, 65_535), timeoutMs: or(timeoutMs, 5_000) }

const common = { id, everyMs: or(whole(100, 3_600_000), null), timeoutMs: or(timeoutMs, 10_000) }
/** How one thing is asked whether it works. */
const probe = oneOfKind({
  http: {
    ...common,
    url: address,
    method: or(choice(['GET', 'HEAD', 'POST']), 'GET'),
    /** Sent as JSON, with POST. */
    body: or(text({ most: 2_000 }), null),
    /** Statuses that are well. */
    statuses: or(list(whole(100, 599), { most: 50, least: 1 }), [200]),
    contains: or(text({ most: 500 }), null),
    /** Slower than this is degraded. */
    slowMs: or(whole(1, 120_000), 3_000),
    /** Redirects that are followed, on the same host only. */
    redirectsMost: or(whole(0, 5), 0),
  },
  tcp: { ...common, host, port: whole(1, 65_535), slowMs: or(whole(1, 120_000), 3_000) },
  tls: { ...common, host, port: or(whole(1, 65_535), 443), warnDays: or(whole(1, 365), 14) },
  loan: {
    ...common,
    /** The address of the library. */
    url: address,
    account: text({ most: 100 }),
    password: secret,
    card: text({ most: 100 }),
    barcode: text({ most: 100 }),
    branch: or(text({ most: 30 }), null),
    slowMs: or(whole(1, 120_000), 3_000),
  },
})

const component = object({
  id,
  name: text({ most: 100 }),
  description: or(text({ most: 300, least: 0 }), ''),
  probes: list(probe, { most: 20, least: 1 }),
})

const target = oneOfKind({
  folder: { name: id, folder: text({ most: 1_000 }), url: or(address, null) },
  command: {
    name: id,
    /** Program and arguments; {folder} stands for the folder to take. No shell reads it. */
    command: list(text({ most: 1_000 }), { most: 50, least: 1 }),
    timeoutMs: or(timeoutMs, 60_000),
    url: or(address, null),
  },
  put: {
    name: id,
    /** Each file is put below this address. */
    to: address,
    token: or(secret, null),
    timeoutMs: or(timeoutMs, 10_000),
    url: or(address, null),
  },
})

const contact = oneOfKind({
  mail: { to: mailbox },
  webhook: { url: address, secret },
})

/** The whole file. Each limit and default stands here. */
export const configShape = object({
  /** What readers see. */
  page: object({
    name: text({ most: 100 }),
    url: or(address, ''),
    libraryUrl: address,
    /** Older than this the page calls itself stale; at least three intervals. */
    staleAfterMs: or(whole(1_000, 86_400_000), 300_000),
  }),
  /** The folder of the database, the locks and the secret; kept by one machine, local. */
  data: or(text({ most: 1_000 }), 'status-data'),
  intervalMs: or(whole(100, 3_600_000), 30_000),
  atOnceMax: or(whole(1, 64), 8),
  listen: or(
    object({
      host: or(host, '127.0.0.1'),
      port: or(port, 8082),
      /** Connections that one address may hold at once, of the 500 there are; a proxy holds those of all its readers. */
      perAddressMost: or(whole(1, 500), 50),
    }),
    { host: '127.0.0.1', port: 8082, perAddressMost: 50 },
  ),
  /** Asked before a failure is believed. None: our own network is taken to be well. */
  network: or(
    object({
      anchors: list(oneOfKind({ tcp, http: { url: address, timeoutMs: or(timeoutMs, 5_000) } }), {
        most: 10,
      }),
      needed: or(whole(1, 10), 1),
    }),
    { anchors: [], needed: 1 },
  ),
  components: list(component, { most: 50, least: 1 }),
  verdict: or(
    object({ downAfter: or(whole(1, 20), 3), upAfter: or(whole(1, 20), 2), flapsMost: or(whole(2, 20), 4) }),
    { downAfter: 3, upAfter: 2, flapsMost: 4 },
  ),
  /** Probers elsewhere that report here; this process itself is the prober `here`. */
  probers: or(list(object({ name: id, key: secret }), { most: 20 }), []),
  /** For `bibby-status probe`: to whom it reports. */
  report: or(object({ to: address, name: id, key: secret }), null),
  publish: or(list(target, { most: 10 }), []),
  mail: or(
    object({
      host,
      port: or(port, 587),
      secure: or(yesNo, false),
      login: or(object({ user: text({ most: 200 }), password: secret }), null),
      from: mailbox,
      timeoutMs: or(timeoutMs, 20_000),
    }),
    null,
  ),
  contacts: or(list(contact, { most: 20 }), []),
  subscriptions: or(
    object({
      areOpen: or(yesNo, false),
      askedPerHourMax: or(whole(1, 1_000), 30),
      most: or(whole(1, 100_000), 5_000),
    }),
    {
      areOpen: false,
      askedPerHourMax: 30,
      most: 5_000,
    },
  ),
  /** Whether webhooks may go to private addresses, such as those of this network. */
  privateWebhooks: or(yesNo, false),
  /** Bibby’s own figures, for alerts by burn rate. */
  alerts: or(
    object({
      metricsUrl: address,
      /** The share of requests that must be answered without a fault. */
      objective: or(amount(0.5, 0.99999), 0.999),
      errorsLeast: or(whole(1, 1_000), 10),
      missingAfterMs: or(whole(1_000, 3_600_000), 300_000),
    }),
    null,
  ),
  /** Told each time that the loop really went round; who hears nothing raises the alarm. */
  ping: or(object({ url: address, timeoutMs: or(timeoutMs, 10_000) }), null),
  /** Other status pages that this one watches. */
  peers: or(
    list(object({ name: id, url: address, staleAfterMs: or(whole(1_000, 86_400_000), 300_000) }), {
      most: 10,
    }),
    [],
  ),
})

type Read<S> = S extends Shape<infer T> ? T : never
/** What stands in the file, checked and complete. */
export type Config = Read<typeof configShape> & {
  /** The folder of the file; paths in it start there. */
  readonly base: string
  /** What stands at the places of secrets, by place. */
  readonly secretAt: (place: SecretPlace) => string
}
/** One probe of a component. */
export type Probe = Config['components'][number]['probes'][number]
/** Where the page is published. */
export type Target = Config['publish'][number]
