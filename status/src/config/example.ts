/**
 * The settings of a page for a Bibby on this machine with its usual ports. Where the password of the canary’s account is
 * given, a loan of the sample library is made and taken back too.
 */
export function example({ passwordFile }: { passwordFile: string | null }): object {
  const library = 'http://127.0.0.1:8080'
  return {
    page: {
      name: 'Library status',
      url: 'http://127.0.0.1:8082',
      libraryUrl: library,
      staleAfterMs: 180_000,
    },
    data: 'status-data',
    intervalMs: 30_000,
    listen: { host: '127.0.0.1', port: 8082 },
    components: [
      {
        id: 'search',
        name: 'Search',
        description: 'Finding titles in the catalogue.',
        probes: [
          {
            kind: 'http',
            id: 'books',
            url: `${library}/api/v1/books/search`,
            method: 'POST',
            body: JSON.stringify({ query: 'the', limit: 1 }),
            contains: '"titles"',
          },
        ],
      },
      ...(passwordFile === null ? [] : [canary(library, passwordFile)]),
      {
        id: 'sign-in',
        name: 'Sign-in',
        description: 'The page where readers and staff sign in.',
        probes: [{ kind: 'http', id: 'page', url: `${library}/sign-in` }],
      },
      {
        id: 'notices',
        name: 'Notices',
        description: 'Mail about due dates and holds.',
        probes: [{ kind: 'http', id: 'health', url: 'http://127.0.0.1:8081/actuator/health' }],
      },
      {
        id: 'servers',
        name: 'Servers',
        description: 'Each server by itself.',
        probes: [{ kind: 'http', id: 'server-1', url: `${library}/actuator/health/readiness` }],
      },
    ],
    publish: [
      { kind: 'folder', name: 'here', folder: 'status-site', url: 'http://127.0.0.1:8082' },
      { kind: 'folder', name: 'spare', folder: 'status-site-spare' },
    ],
    alerts: { metricsUrl: `${library}/metrics` },
  }
}

/** The sample library’s first patron and copy. A real library has a patron and a copy that are for this alone. */
function canary(library: string, passwordFile: string): object {
  return {
    id: 'desk',
    name: 'Lending and taking back',
    description: 'A copy is lent to a reader who does not exist, and taken back.',
    probes: [
      {
        kind: 'loan',
        id: 'canary',
        everyMs: 120_000,
        url: library,
        account: 'desk',
        password: { file: passwordFile },
        card: '29000000000015',
        barcode: '39000000000013',
        branch: 'main',
      },
    ],
  }
}
