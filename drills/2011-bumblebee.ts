import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { filesBelow, putFiles, type Typed, typed } from './maintenance.ts'
import { type Drill, drill, type Lab } from './runner/drill.ts'
import { type FullLibrary, openFullLibrary } from './runner/full-library.ts'
import { watch } from './runner/watch.ts'

type Seen = {
  /** Covers of titles that are in the catalogue. */
  readonly owned: number
  readonly gone: number
}

/** Of books that the library sold. */
const unowned = 3
const pauseMs = 250

const told: Omit<Drill<Seen>, 'unguarded' | 'guarded'> = {
  name: '2011-bumblebee',
  outage: 'Bumblebee, 24 May 2011: an installer removed /usr, for a space stood in the middle of a path',
  safeguard:
    'cleanup: one word names a root, a rule chooses what may go, a ceiling refuses, a trash gives back',
  judgedBy: 'counts',
  story: 'docs/incidents/2011-bumblebee.md',
  plot: { axis: 'covers of titles in the catalogue', scale: 'linear', series: { covers: 'steps' } },
  harms: [
    {
      what: 'covers gone of titles that are in the catalogue',
      isThere: ({ gone }) => gone > 0,
      tell: ({ gone, owned }) => `${gone} of ${owned}`,
    },
  ],
}

/** Covers of books that were sold are to go. A space is typed where none belongs, and then the rule itself is led astray. */
export const bumblebee2011 = drill<Seen>({
  ...told,
  unguarded: (lab) =>
    tidying(lab, async (library) => {
      // Meant: covers/sold, a folder that somebody had sorted them into.
      const { exit } = await typed(lab, library, 'rm -rf $DATA/covers/ sold')
      lab.mark(`rm -rf $DATA/covers/ sold: exit ${exit}`)
    }),
  guarded: (lab) =>
    tidying(lab, async (library) => {
      const say = (words: string, { exit, said }: Typed) =>
        lab.mark(`${words}: exit ${exit}, ${said.split('\n')[0]}`)
      const refused = async (words: string) => {
        const answer = await typed(lab, library, words)
        say(words, answer)
        if (answer.exit === 0) throw new Error(`${words} was carried out.`)
      }
      await refused('bibby cleanup plan covers/ sold')
      await refused('bibby cleanup plan covers sold')
      await refused('bibby cleanup run $DATA/covers/ sold')
      // All titles have lost their numbers: by the rule every cover could go.
      await library.db.query('create table isbns_were as select id, isbns from title')
      await library.db.query("update title set isbns = '{}'")
      lab.mark('an import takes the ISBN away from every title')
      await refused('bibby cleanup plan covers')
      await library.db.query(
        'update title set isbns = were.isbns from isbns_were as were where were.id = title.id',
      )
      await library.db.query('drop table isbns_were')
      const right =
        'bibby cleanup run "$(bibby --json cleanup plan covers | sed -n \'s/.*"digest": "\\(.*\\)".*/\\1/p\')"'
      const { exit, said } = await typed(lab, library, right)
      say('bibby cleanup run "$(… plan covers …)"', { exit, said })
      if (exit !== 0 || !said.startsWith(`${unowned} files`))
        throw new Error(`The covers that nobody owns stayed: ${said}`)
    }),
})

async function tidying(lab: Lab, script: (library: FullLibrary) => Promise<void>): Promise<Seen> {
  const library = await openFullLibrary(lab)
  const folder = join(library.home.data, 'covers')
  const { rows } = await library.db.query<{ isbn: string }>(
    'select distinct unnest(isbns) as isbn from title',
  )
  const owned = rows.map(({ isbn }) => `${isbn}.jpg`)
  if (owned.length < 5 * unowned)
    throw new Error(`The sample library has ${owned.length} books with an ISBN: too few.`)
  await putFiles(folder, owned)
  await putFiles(
    folder,
    Array.from({ length: unowned }, (_, n) => `${isbnOf(n)}.jpg`),
  )
  await typed(lab, library, 'bibby cleanup mark covers')
  lab.curtain()
  const left = async () => {
    const there = new Set(await filesBelow(folder))
    return owned.filter((name) => there.has(join(folder, name))).length
  }
  const covers = watch(lab, 'covers', { everyMs: 100, look: left })
  await wait(pauseMs, undefined, { signal: lab.signal })
  await script(library)
  await wait(pauseMs, undefined, { signal: lab.signal })
  await covers.close()
  return { owned: owned.length, gone: owned.length - (await left()) }
}

/** A valid ISBN-13 below a prefix that no publisher has. */
function isbnOf(n: number): string {
  const digits = `9799999999${String(n).padStart(2, '0')}`
  const sum = [...digits].reduce((total, digit, at) => total + Number(digit) * (at % 2 === 0 ? 1 : 3), 0)
  return `${digits}${(10 - (sum % 10)) % 10}`
}
