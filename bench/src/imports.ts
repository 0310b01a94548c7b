import { createReadStream, existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { type Database, openPool } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { desk, fillLibrary } from './filled-library.ts'
import { writeManyTimes } from './generated-marc.ts'
import type { Row } from './row.ts'
import { dataFolder, startBibby } from './running-bibby.ts'
import { signIn } from './sign-in.ts'

const data = fileURLToPath(new URL('../../../shared/data/', import.meta.url))
const files = [
  'csv/gutenberg_metadata.csv.gz',
  'marc/solrmarc_uva_001_2000.mrc',
  'csv/cce_books_classA_unique.tsv.gz',
]
/** The MARC set is small: an import of it is half its start. So it is also taken in this often over, renumbered. */
const marcTimes = 20
const limitPerSecond = 2_000
const askEveryMs = 50

type ChangeSet = { state: string; recordsRead: number; imported: number; rejected: number }

/** Records a second from upload to the last commit, through HTTP, all that search needs included. */
export async function imports(): Promise<readonly Row[]> {
  const found = files.map((file) => `${data}${file}`).filter((path) => existsSync(path))
  if (found.length < files.length)
    process.stderr.write('The sets of ../shared/data are not all here: some rows are missing.\n')
  await using made = await dataFolder()
  for (const path of found.filter((each) => each.endsWith('.mrc'))) {
    const many = join(made.path, `${basename(path, '.mrc')}_x${marcTimes}.mrc`)
    await writeManyTimes(path, many, marcTimes)
    found.push(many)
  }
  await using folder = await dataFolder()
  await using bibby = await startBibby(folder.path)
  await using db = openPool({
    connection: bibby.connection,
    name: 'bench',
    connectionsMax: 1,
    statementLimitMs: 60_000,
  })
  await fillLibrary(db, { patrons: 10, copies: 40 })
  await db.rows(sql`update staff set role = 'cataloguer' where login = ${desk.account}`)
  const token = await signIn(bibby.address, desk)
  const rows: Row[] = []
  for (const path of found) {
    await atRest(db)
    const begun = performance.now()
    const set = await importFile(bibby.address, token, path)
    const seconds = (performance.now() - begun) / 1000
    const perSecond = set.recordsRead / seconds
    rows.push({
      what: `import of ${basename(path)}`,
      measured: `${perSecond.toFixed(0)} records/s (${seconds.toFixed(1)} s)`,
      against: `a limit of ${limitPerSecond} records/s`,
      ratio: perSecond / limitPerSecond,
      size: `${set.recordsRead} read, ${set.imported} imported, ${set.rejected} rejected`,
    })
  }
  return rows
}

async function importFile(address: string, token: string, path: string): Promise<ChangeSet> {
  const authorization = `Bearer ${token}`
  const name = basename(path)
  const started = await fetch(`${address}/api/v1/imports?${new URLSearchParams({ name, fileName: name })}`, {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/octet-stream' },
    body: Readable.toWeb(createReadStream(path)),
    duplex: 'half',
  })
  if (!started.ok) throw new Error(`The import was answered ${started.status}: ${await started.text()}`)
  const { changeSetId } = (await started.json()) as { changeSetId: number }
  for (;;) {
    const response = await fetch(`${address}/api/v1/imports/${changeSetId}`, { headers: { authorization } })
    const set = (await response.json()) as ChangeSet
    if (set.state === 'done') return set
    if (set.state !== 'running' && set.state !== 'waiting') throw new Error(`The import ended ${set.state}.`)
    await wait(askEveryMs)
  }
}

const restPollsMin = 4
const restPollMs = 500

/** Waits until the server does nothing else: a set before this one leaves its vacuum and its sweep behind. */
async function atRest(db: Database): Promise<void> {
  for (let quiet = 0; quiet < restPollsMin; ) {
    const [others] = await db.rows<{ count: number }>(sql`
      select count(*) as count from pg_stat_activity
      where pid <> pg_backend_pid() and (state = 'active' or backend_type = 'autovacuum worker')
    `)
    quiet = others?.count === 0 ? quiet + 1 : 0
    await wait(restPollMs)
  }
}
