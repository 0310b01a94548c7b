import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { type Drill, drill, type Lab } from './drill.ts'
import { indexOf, pageOf } from './page.ts'
import { perform } from './perform.ts'
import { openStage } from './stage.ts'
import { sparkline, tellOn } from './terminal.ts'
import { exitCodes, type Verdict } from './verdict.ts'

type Seen = { readonly lost: number; readonly late: number }
type Act = (lab: Lab) => Promise<Seen>

function aDrill(unguarded: Act, guarded: Act, over: Partial<Drill<Seen>> = {}) {
  return drill<Seen>({
    name: '1999-toy',
    outage: 'A toy <script>alert(1)</script> & its harm',
    safeguard: 'none at all',
    story: 'docs/incidents/1999-toy.md',
    judgedBy: 'counts',
    plot: { axis: 'ms', scale: 'log', series: { desk: 'points', shelf: 'steps' } },
    harms: [
      { what: 'loans lost', isThere: ({ lost }) => lost > 0, tell: ({ lost }) => `${lost}` },
      { what: 'desks late', isThere: ({ late }) => late > 0, tell: ({ late }) => `${late}` },
    ],
    unguarded,
    guarded,
    ...over,
  })
}

const both: Act = async () => ({ lost: 3, late: 1 })
const one: Act = async () => ({ lost: 3, late: 0 })
const none: Act = async () => ({ lost: 0, late: 0 })
const breaks: Act = async () => {
  throw new Error('The stage collapsed.')
}
// Nobody asks it for a library here.
const stage = openStage()
const quiet = { began: () => undefined, marked: () => undefined, ended: () => undefined }
const played = (of: ReturnType<typeof aDrill>, signal = new AbortController().signal) =>
  perform(of, { seed: 7, stage, watching: quiet, signal })

test('a safeguard has held only when every harm was done without it, and none with it', async () => {
  const cases: readonly (readonly [Act, Act, Verdict])[] = [
    [both, none, 'held'],
    [one, none, 'proves-nothing'],
    [none, none, 'proves-nothing'],
    [both, one, 'harmed'],
    [one, one, 'harmed'],
    [breaks, none, 'broken'],
    [both, breaks, 'broken'],
  ]
  for (const [unguarded, guarded, expected] of cases) {
    assert.equal((await played(aDrill(unguarded, guarded))).verdict, expected)
  }
})

test('a drill without harms proves nothing', async () => {
  assert.equal((await played(aDrill(both, none, { harms: [] }))).verdict, 'proves-nothing')
})

test('only a drill that held ends well, and each other end has a code of its own', () => {
  assert.equal(exitCodes.held, 0)
  assert.equal(new Set(Object.values(exitCodes)).size, Object.keys(exitCodes).length)
  assert.ok(!Object.values(exitCodes).includes(2), '2 is a command that was not understood')
})

test('what an act opened is closed at its end, the last first, also when it breaks', async () => {
  const closed: string[] = []
  const opens: Act = async (lab) => {
    for (const name of ['first', 'second']) lab.atTheEnd(async () => closed.push(name))
    throw new Error('It broke.')
  }
  assert.equal((await played(aDrill(opens, none))).verdict, 'broken')
  assert.deepEqual(closed, ['second', 'first'])
})

test('the folder of an act’s Bibbys is gone after it', async () => {
  let folder = ''
  const uses: Act = async (lab) => {
    folder = dirname((await lab.home()).data)
    await writeFile(join(folder, 'left-behind'), '')
    return both(lab)
  }
  await played(aDrill(uses, none))
  assert.notEqual(folder, '')
  assert.ok(!existsSync(folder))
})

test('a stopped drill does not begin its second act, and is not taken for one that held', async () => {
  const stop = new AbortController()
  const stopped: Act = (lab) => {
    stop.abort(new Error('It was stopped.'))
    return new Promise((_, reject) => lab.signal.addEventListener('abort', () => reject(lab.signal.reason)))
  }
  const report = await played(aDrill(stopped, none), stop.signal)
  assert.equal(report.acts.length, 1)
  assert.equal(report.verdict, 'broken')
})

test('the same seed rolls the same dice in both acts and in the next run', async () => {
  const rolled: number[][] = []
  const rolls: Act = async (lab) => {
    rolled.push(Array.from({ length: 5 }, lab.random))
    return both(lab)
  }
  await played(aDrill(rolls, rolls))
  await played(aDrill(rolls, rolls))
  assert.equal(rolled.length, 4)
  assert.equal(new Set(rolled.map(String)).size, 1)
  assert.ok(rolled.flat().every((number) => number >= 0 && number < 1))
})

test('a report shows marks, values and findings, and runs nothing that stands in them', async () => {
  const shows: Act = async (lab) => {
    lab.mark('typed <b>main</b>')
    lab.measure('desk', 12)
    lab.measure('desk', 4_000)
    lab.measure('shelf', 7)
    return both(lab)
  }
  const report = await played(aDrill(shows, none))
  const html = pageOf(report)
  assert.match(html, /typed &lt;b&gt;main&lt;\/b&gt;/)
  assert.doesNotMatch(html + indexOf([report]), /<script/)
  assert.equal(html.match(/<svg /g)?.length, 2)
  assert.match(html, /✗ harm/)
  assert.match(html, /✓ none/)
  assert.match(html, /seed 7/)
})

test('colour is for terminals: a file gets words only', async () => {
  const told: string[] = []
  const tell = tellOn({ write: (text) => told.push(text) })
  const report = await perform(aDrill(both, one), {
    seed: 1,
    stage,
    watching: tell,
    signal: new AbortController().signal,
  })
  tell.closes(report, 'page.html')
  const all = told.join('')
  assert.doesNotMatch(all, /\p{Cc}\[/u)
  assert.match(all, /✗ harm {3} loans lost: 3/)
  assert.match(all, /✓ no harm desks late: 0/)
  assert.match(all, /HARMED/)
})

test('a sparkline shows the highest value of each stretch', () => {
  assert.equal(
    sparkline(
      [
        [0, 8],
        [1, 1],
        [99, 4],
      ],
      100,
    )
      .trim()
      .replaceAll(/ +/g, ' '),
    '█ ▄',
  )
  assert.equal(sparkline([], 100).trim(), '')
})
