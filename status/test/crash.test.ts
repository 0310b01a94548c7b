import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { openStore } from '../src/store/store.ts'
import { patient } from './patient.ts'
import { oneComponent, statusHome, until } from './status-home.ts'

const kills = 100
const homes = 4
const intervalMs = 250

/** The same moments in each run of a seed. */
function dice(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

test(`killed at ${kills} random moments it loses no sample older than its interval and no incident, and its page is always whole`, async (t) => {
  const seed = 20_261_129
  const told = await Promise.all(
    Array.from({ length: homes }, (_, index) => killOften(dice(seed + index), kills / homes)),
  )
  const sum = (of: 'samples' | 'incidents') => told.reduce((total, each) => total + each[of], 0)
  t.diagnostic(
    `seed ${seed}: ${sum('samples')} samples and ${sum('incidents')} incidents over ${kills} kills`,
  )
  assert.ok(sum('samples') > kills, 'too few samples to prove anything')
})

async function killOften(roll: () => number, times: number): Promise<{ samples: number; incidents: number }> {
  await using library = await patient()
  await using home = await statusHome({
    intervalMs,
    components: ['search', 'desk', 'notices'].map((id) => oneComponent(id, library.url)),
  })
  const acknowledged: string[] = []
  let kept = 0
  for (let kill = 1; kill <= times; kill++) {
    const daemon = home.start()
    const isEarly = kill % 5 === 0
    // Now and then in the midst of its start, else while it works.
    if (!isEarly) await daemon.ready
    const writing =
      kill % 4 === 0
        ? home.command('incident', 'open', '--title', `Trouble ${kill}`, '--text', 'We look.')
        : undefined
    const before = library.answeredAt.length
    const keptBefore = kept
    const wanted = before + Math.floor(roll() * 12)
    if (!isEarly)
      await until(
        () => library.answeredAt.length,
        (count) => count >= wanted,
      )
    await moments(Math.floor(roll() * 400))
    daemon.child.kill('SIGKILL')
    const killedAt = Date.now()
    await daemon.ended
    const written = await writing
    if (written?.code === 0) acknowledged.push(written.stdout.trim())
    const answered = library.answeredAt.slice(before).filter((at) => at < killedAt - intervalMs).length
    kept = keptIn(home.data, acknowledged)
    assert.ok(
      kept - keptBefore >= answered,
      `${answered} were answered an interval before the kill, ${kept - keptBefore} are kept`,
    )
    await assertWhole(home.site)
  }
  // The commands publish too; at the end the page tells of each.
  const { code, stderr } = await home.command(
    'incident',
    'open',
    '--title',
    'The last',
    '--text',
    'One more.',
  )
  assert.equal(code, 0, stderr)
  const page = await readFile(join(home.site, 'index.html'), 'utf8')
  assert.match(page, /The last/)
  return { samples: library.answeredAt.length, incidents: acknowledged.length }
}

/** Lets the event loop turn so often: a moment without a clock. */
async function moments(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
}

/** How many samples are kept, and that no acknowledged incident is missing. */
function keptIn(data: string, acknowledged: readonly string[]): number {
  using store = openStore(data)
  assert.equal(store.setAside, null)
  const ids = store.all<{ id: string }>('select id from incident').map(({ id }) => id)
  assert.deepEqual(
    acknowledged.filter((id) => !ids.includes(id)),
    [],
  )
  return store.all<{ kept: number }>('select count(*) as kept from sample')[0]?.kept ?? 0
}

/** Whatever is there is whole; before the first publication nothing is. */
async function assertWhole(site: string): Promise<void> {
  const [page, json] = await Promise.all(
    ['index.html', 'api/v2/summary.json'].map((name) =>
      readFile(join(site, name), 'utf8').catch(() => undefined),
    ),
  )
  if (page !== undefined) assert.match(page, /^<!doctype html>.*\d\d:\d\d:\d\d/is)
  if (json !== undefined) JSON.parse(json)
}
