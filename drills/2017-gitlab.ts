import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { endServer, startedAnew, typed } from './maintenance.ts'
import { ask } from './runner/ask.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary } from './runner/full-library.ts'
import { watch } from './runner/watch.ts'

type Seen = {
  readonly lent: number
  readonly known: number
  /** Backups that were believed in, and gave nothing back. */
  readonly empty: number
  readonly backups: number
}

const loans = 12

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2017-gitlab',
  outage:
    'GitLab, 31 January 2017: the right command on the wrong host, and of five kinds of backup none worked',
  safeguard:
    'backups that were restored into a throwaway server and compared before they count, kept elsewhere',
  judgedBy: 'counts',
  story: 'docs/incidents/2017-gitlab.md',
  plot: { axis: 'loans that the library knows', scale: 'linear', series: { loans: 'steps' } },
  harms: [
    {
      what: 'loans that nobody knows of any more',
      isThere: ({ lent, known }) => known < lent,
      tell: ({ lent, known }) => `${lent - known} of ${lent}`,
    },
    {
      what: 'backups that were believed in and gave nothing back',
      isThere: ({ empty }) => empty > 0,
      tell: ({ empty, backups }) => `${empty} of ${backups}`,
    },
  ],
}

/** A replica is to be set up anew, and its empty folder of data removed; the command is typed on the primary. */
export const gitlab2017 = drill<Seen>({ ...told, unguarded, guarded })

/** As the night’s script has it: a `pg_dump` that is older than the server, or missing, in a pipe that ends well all the same. */
const nightly =
  '"$PG_DUMP" --host="$SOCKET" --username=bibby bibby 2>/dev/null | gzip >"$BACKUPS/library.sql.gz"'
const wrongHost = 'rm -rf "$DATA/postgres"'
const pgDump = '/usr/lib/postgresql/15/bin/pg_dump'

async function unguarded(lab: Lab): Promise<Seen> {
  const scene = await opened(lab)
  const { library, backups, lent, server } = scene
  const { rows } = await library.db.query<{ socket: string }>(
    "select current_setting('unix_socket_directories') as socket",
  )
  const env = { PG_DUMP: pgDump, SOCKET: rows[0]?.socket ?? '', BACKUPS: backups }
  const { exit } = await typed(lab, library, nightly, env)
  const { size } = await stat(join(backups, 'library.sql.gz'))
  lab.mark(`pg_dump … | gzip: exit ${exit}; the backup has ${size} bytes, and nobody looks`)
  await mistake(lab, scene)
  // What a restore would be fed with.
  const { said } = await typed(lab, library, 'gunzip -c "$BACKUPS/library.sql.gz" | wc -c', env)
  lab.mark(`the backup is needed: it holds ${said} bytes`)
  const known = await startedAnew(library, server)
  return ended(lab, scene, { lent, known, empty: Number(said) === 0 ? 1 : 0, backups: 1 })
}

async function guarded(lab: Lab): Promise<Seen> {
  const scene = await opened(lab)
  const { library, backups, lent, server } = scene
  const env = { BIBBY_BACKUP_FOLDER: backups }
  const run = await typed(lab, library, 'bibby backup run', env)
  lab.mark(`bibby backup run: exit ${run.exit}, ${run.said.split('\n')[0]}`)
  if (run.exit !== 0) throw new Error(run.said)
  await mistake(lab, scene)
  await library.bibby.ended
  await endServer(server)
  const plan = await typed(lab, library, 'bibby --json restore plan 2>/dev/null', env)
  const { id, phrase } = JSON.parse(plan.said) as { id: string; phrase: string }
  lab.mark(`bibby restore plan: ${phrase}`)
  const back = await typed(lab, library, 'bibby restore run "$PLAN" --phrase "$PHRASE"', {
    ...env,
    PLAN: id,
    PHRASE: phrase,
  })
  lab.mark(`bibby restore run: exit ${back.exit}, ${back.said.split('\n')[0]}`)
  const known = await startedAnew(library, undefined)
  return ended(lab, scene, { lent, known, empty: known < lent ? 1 : 0, backups: 1 })
}

type Scene = {
  readonly library: FullLibrary
  readonly backups: string
  readonly lent: number
  readonly server: number | undefined
  readonly loansOverTime: { readonly close: () => Promise<void> }
  readonly know: (loans: number) => void
}

async function opened(lab: Lab): Promise<Scene> {
  const library = await openFullLibrary(lab)
  const elsewhere = await mkdtemp(join(tmpdir(), 'bibby-drill-elsewhere-'))
  lab.atTheEnd(() => rm(elsewhere, { recursive: true, force: true }))
  const backups = join(elsewhere, 'backups')
  await mkdir(backups, { mode: 0o700 })
  const server = await library.home.serverPid()
  lab.atTheEnd(() => endServer(server))
  for (const barcode of library.barcodes.slice(0, loans))
    await ask(library, 'POST', 'loans', { card: library.cards[0], barcode, branch: 'main' })
  const count = async () => {
    const { rows } = await library.db.query<{ n: number }>('select count(*)::integer as n from loan')
    return rows[0]?.n ?? 0
  }
  const lent = await count()
  lab.curtain()
  let known: number | undefined
  const loansOverTime = watch(lab, 'loans', { everyMs: 250, look: async () => known ?? (await count()) })
  return { library, backups, lent, server, loansOverTime, know: (n) => (known = n) }
}

async function mistake(lab: Lab, { library, know }: Scene): Promise<void> {
  const { exit } = await typed(lab, library, wrongHost)
  lab.mark(`rm -rf $DATA/postgres, typed on the primary: exit ${exit}`)
  know(0)
  library.bibby.kill('SIGKILL')
}

async function ended(lab: Lab, { know, loansOverTime }: Scene, seen: Seen): Promise<Seen> {
  know(seen.known)
  await loansOverTime.close()
  lab.mark(`started again, the library knows ${seen.known} loans`)
  return seen
}
