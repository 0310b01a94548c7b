import { join } from 'node:path'
import { endServer, filesBelow, putFiles, startedAnew, type Typed, typed } from './maintenance.ts'
import { ask } from './runner/ask.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary } from './runner/full-library.ts'
import { watch } from './runner/watch.ts'

type Seen = {
  /** Files that nobody meant to take away, before and of them gone after. */
  readonly files: number
  readonly filesGone: number
  readonly loans: number
  readonly loansGone: number
}

const oldExports = 40
const loans = 8

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2015-steam',
  outage: 'Steam for Linux, January 2015: a script removed "$STEAMROOT/"*, and the variable was empty',
  safeguard:
    'cleanup: a marked root by its name, a plan by its digest, a trash; an empty word is nothing of these',
  judgedBy: 'counts',
  story: 'docs/incidents/2015-steam.md',
  plot: { axis: 'files of the library', scale: 'linear', series: { files: 'steps' } },
  harms: [
    {
      what: 'files gone that nobody meant to remove',
      isThere: ({ filesGone }) => filesGone > 0,
      tell: ({ filesGone, files }) => `${filesGone.toLocaleString('en')} of ${files.toLocaleString('en')}`,
    },
    {
      what: 'loans that the library does not know when it is started again',
      isThere: ({ loansGone }) => loansGone > 0,
      tell: ({ loansGone, loans: before }) => `${loansGone} of ${before}`,
    },
  ],
}

/** Every night a script removes old exports; tonight the variable with the name of their folder is empty. */
export const steam2015 = drill<Seen>({
  ...told,
  unguarded: (lab) =>
    night(lab, async (library) => {
      const { exit } = await typed(lab, library, 'rm -rf "$DATA/$EXPORTS/"*')
      lab.mark(`rm -rf "$DATA/$EXPORTS/"* with EXPORTS empty: exit ${exit}`)
    }),
  guarded: (lab) =>
    night(lab, async (library) => {
      const say = (words: string, { exit, said }: Typed) =>
        lab.mark(`${words}: exit ${exit}, ${said.split('\n')[0]}`)
      const empty = [
        'bibby cleanup plan "$EXPORTS"',
        'bibby cleanup run "$DIGEST"',
        'BIBBY_DATA="$EXPORTS" bibby cleanup plan exports',
      ]
      for (const words of empty) {
        const answer = await typed(lab, library, words)
        say(words, answer)
        if (answer.exit === 0) throw new Error(`${words} was carried out.`)
      }
      // A cleanup that does nothing at all loses nothing either.
      const right =
        'bibby cleanup run "$(bibby --json cleanup plan exports | sed -n \'s/.*"digest": "\\(.*\\)".*/\\1/p\')"'
      const { exit, said } = await typed(lab, library, right)
      say('bibby cleanup run "$(… plan exports …)"', { exit, said })
      if (exit !== 0 || !said.startsWith(`${oldExports} files`))
        throw new Error(`The old exports stayed: ${said}`)
    }),
})

async function night(lab: Lab, script: (library: FullLibrary) => Promise<void>): Promise<Seen> {
  const library = await openFullLibrary(lab)
  const { home, cards, barcodes } = library
  const exports = join(home.data, 'exports')
  await putFiles(
    exports,
    Array.from({ length: oldExports }, (_, n) => `catalogue ${n}.mrc`),
  )
  await putFiles(exports, ['last night.mrc'], new Date())
  await typed(lab, library, 'bibby cleanup mark exports')
  const server = await home.serverPid()
  lab.atTheEnd(() => endServer(server))
  lab.curtain()
  for (const barcode of barcodes.slice(0, loans))
    await ask(library, 'POST', 'loans', { card: cards[0], barcode, branch: 'main' })
  const { rows } = await library.db.query<{ n: number }>('select count(*)::integer as n from loan')
  const meant = (path: string) => path.includes('/exports/catalogue ')
  // What a server makes and takes away by itself while it runs is nobody’s loss.
  const passing = (path: string) =>
    /\/pg_(?:wal|stat_tmp|notify|replslot)\/|\.pid$|running\.json|\.log/.test(path)
  const kept = async () => (await filesBelow(home.data)).filter((path) => !meant(path) && !passing(path))
  const before = await kept()
  const filesOverTime = watch(lab, 'files', { everyMs: 100, look: async () => (await kept()).length })
  await script(library)
  await filesOverTime.close()
  const after = new Set(await kept())
  const filesGone = before.filter((path) => !after.has(path)).length
  const known = await startedAnew(library, server)
  lab.mark(`started again, the library knows ${known} loans`)
  const lent = rows[0]?.n ?? 0
  return { files: before.length, filesGone, loans: lent, loansGone: lent - known }
}
