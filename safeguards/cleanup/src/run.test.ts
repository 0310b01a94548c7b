import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  appendFileSync,
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Lab, lab, wide } from '../test/lab.ts'
import { bound, small } from '../test/mounted.ts'
import { refusalOf } from './plan.ts'

/** What happens between a plan and its run. All of it has to be found. */
const between: readonly { what: string; make: (here: Lab) => void }[] = [
  { what: 'a chosen file is written to', make: ({ root }) => appendFileSync(join(root, 'a.old'), 'more') },
  {
    what: 'a chosen file gets other content of the same size and time',
    make: ({ root }) => {
      rmSync(join(root, 'a.old'))
      writeFileSync(join(root, 'a.old.new'), 'TEXT')
      renameSync(join(root, 'a.old.new'), join(root, 'a.old'))
      utimesSync(join(root, 'a.old'), 1_700_000_000, 1_700_000_000)
    },
  },
  { what: 'a chosen file is gone', make: ({ root }) => rmSync(join(root, 'a.old')) },
  {
    what: 'a chosen file is swapped for a link',
    make: ({ root, outside }) => {
      rmSync(join(root, 'a.old'))
      symlinkSync(join(outside, 'kept.old'), join(root, 'a.old'))
    },
  },
  {
    what: 'a chosen file gets a second name',
    make: ({ root, path }) => linkSync(join(root, 'a.old'), join(path, 'second')),
  },
  { what: 'another file is to go too', make: ({ file }) => void file('b.old') },
  {
    what: 'a folder is swapped for a link',
    make: ({ root, outside, path }) => {
      renameSync(join(root, 'in'), join(path, 'in'))
      symlinkSync(outside, join(root, 'in'))
    },
  },
  {
    what: 'a folder is swapped for another with files of the same names',
    make: ({ root, path, file }) => {
      renameSync(join(root, 'in'), join(path, 'in'))
      file('in/c.old')
    },
  },
]

for (const { what, make } of between) {
  test(`${what}: the run is refused, and nothing is touched`, async () => {
    using here = lab()
    here.file('a.old')
    here.file('in/c.old')
    const cleanup = here.cleanup()
    const { digest } = await cleanup.plan('covers')
    make(here)
    const before = [here.seen(here.root), here.seen(here.outside)]
    await assert.rejects(cleanup.run(digest), { code: 'plan-changed' })
    assert.deepEqual([here.seen(here.root), here.seen(here.outside)], before)
  })
}

test('a mount over a folder after the plan: refused', async (t) => {
  using here = lab()
  here.file('a.old')
  here.file('in/c.old')
  const cleanup = here.cleanup()
  const { digest } = await cleanup.plan('covers')
  using mounted = bound(here.outside, join(here.root, 'in'))
  if (!mounted) return t.skip('Mounting takes root and Linux.')
  await assert.rejects(cleanup.run(digest), { code: 'plan-changed' })
})

test('a plan is run by its digest, or the first digits of it, once', async () => {
  using here = lab()
  here.file('a.old')
  const cleanup = here.cleanup()
  const { digest } = await cleanup.plan('covers')
  const odd = [
    '',
    '*',
    digest.slice(0, 7),
    digest.toUpperCase(),
    `${digest}0`,
    digest.replace(/^./, 'x'),
    '../runs',
    'covers',
  ]
  for (const wrong of odd) await assert.rejects(cleanup.run(wrong), { code: 'plan-unknown' }, wrong)
  const { moved } = await cleanup.run(digest.slice(0, 8))
  assert.equal(moved, 1)
  await assert.rejects(cleanup.run(digest), { code: 'plan-changed' })
})

test('a plan is too old after an hour, and when the clock was set back', async () => {
  using here = lab()
  here.file('a.old')
  const { digest } = await here.cleanup().plan('covers')
  const at = (minutes: number) => here.cleanup({ clock: () => new Date(Date.now() + minutes * 60_000) })
  await assert.rejects(at(61).run(digest), { code: 'plan-too-old' })
  await assert.rejects(at(-1).run(digest), { code: 'plan-too-old' })
  assert.equal((await at(59).run(digest)).moved, 1)
})

test('where runs are confirmed, only the phrase of this very plan will do', async () => {
  using here = lab()
  here.file('a.old')
  const cleanup = here.cleanup({ confirms: true })
  const { digest, phrase } = await cleanup.plan('covers')
  assert.match(phrase, /^MOVE 1 FILES OF covers #[0-9a-f]{4}$/)
  for (const wrong of [undefined, '', 'y', 'yes', phrase.toLowerCase(), `${phrase} `])
    await assert.rejects(cleanup.run(digest, { phrase: wrong }), { code: 'unconfirmed' })
  assert.equal((await cleanup.run(digest, { phrase })).moved, 1)
})

test('a file that is open is not taken away, whoever has it open and by whatever name', async () => {
  using here = lab()
  const file = openSync(here.file('a.old'), 'r')
  const cleanup = here.cleanup()
  const { digest } = await cleanup.plan('covers')
  await assert.rejects(cleanup.run(digest), (error: Error & { code?: string }) => {
    assert.equal(error.code, 'files-open')
    return error.message.includes(`a.old by process ${process.pid}`)
  })
  closeSync(file)
  const tail = spawn('tail', ['-f', join(here.root, 'a.old')], { stdio: ['ignore', 'pipe', 'ignore'] })
  await once(tail.stdout, 'data')
  await assert.rejects(cleanup.run(digest), { code: 'files-open' })
  const ended = once(tail, 'exit')
  tail.kill()
  await ended
  assert.equal((await cleanup.run(digest)).moved, 1)
})

test('what was ill before is mended first; what is ill after sends everything back', async () => {
  using here = lab()
  here.file('a.old')
  here.file('in/b.old')
  const before = here.seen(here.root)
  const ill = here.cleanup({ health: async () => ({ search: 'does not answer' }) })
  await assert.rejects(ill.run((await ill.plan('covers')).digest), { code: 'unhealthy' })
  const after: readonly (() => Promise<Record<string, string | undefined>>)[] = [
    async () => ({ all: 'a table is not there' }),
    async () => ({}),
    async () => Promise.reject(new Error('no answer')),
  ]
  for (const second of after) {
    let asked = 0
    const cleanup = here.cleanup({ health: async () => (asked++ === 0 ? { all: undefined } : second()) })
    await assert.rejects(cleanup.run((await cleanup.plan('covers')).digest), { code: 'unhealthy-after' })
    assert.deepEqual(here.seen(here.root), before)
  }
  assert.deepEqual(
    new Set(
      here
        .cleanup()
        .trash()
        .runs.map(({ state }) => state),
    ),
    new Set(['put-back']),
  )
})

test('putting back writes over nothing: what has taken the place stays, and ours lies in the trash', async () => {
  using here = lab()
  here.file('a.old', 'first')
  here.file('b.old')
  let asked = 0
  const cleanup = here.cleanup({
    health: async () => {
      if (asked++ === 1) {
        here.file('a.old', 'second')
        return { all: 'ill' }
      }
      return { all: undefined }
    },
  })
  await assert.rejects(cleanup.run((await cleanup.plan('covers')).digest), {
    code: 'unhealthy-after',
    message: /a\.old/,
  })
  assert.deepEqual([...here.seen(here.root).keys()], ['a.old', 'b.old'])
  const [run] = cleanup.trash().runs
  rmSync(join(here.root, 'a.old'))
  assert.deepEqual(await cleanup.restore(run?.run ?? ''), { back: 1, stayed: [], missing: [], purged: [] })
})

test('one that is told to stop puts everything back', async () => {
  using here = lab()
  for (let n = 0; n < 450; n++) here.file(`${n}.old`)
  const before = here.seen(here.root)
  const stop = new AbortController()
  const cleanup = here.cleanup({
    progress: (done, _, what) => void (what === 'moving' && done >= 200 && stop.abort()),
  })
  const { digest } = await cleanup.plan('covers')
  await assert.rejects(cleanup.run(digest, { signal: stop.signal }), { code: 'stopped' })
  assert.deepEqual(here.seen(here.root), before)
})

test('without room for the journal nothing is moved', async (t) => {
  using here = lab()
  rmSync(here.root, { recursive: true })
  mkdirSync(join(here.root, '..', 'disk', 'covers'), { recursive: true })
  const disk = join(here.root, '..', 'disk')
  using mounted = small(disk, 256)
  if (!mounted) return t.skip('Mounting takes root and Linux.')
  const root = join(disk, 'covers')
  mkdirSync(root)
  const cleanup = here.cleanup({ root: { path: root } })
  cleanup.mark('covers')
  for (let n = 0; n < 100; n++) writeFileSync(join(root, `${n}.old`), '')
  const { digest } = await cleanup.plan('covers')
  try {
    writeFileSync(join(disk, 'full'), 'x'.repeat(1e6))
  } catch {
    // As far as it goes.
  }
  const before = here.seen(root)
  await assert.rejects(cleanup.run(digest), { code: 'cannot-write' })
  assert.deepEqual(here.seen(root), before)
  rmSync(join(disk, 'full'))
  assert.equal((await cleanup.run((await cleanup.plan('covers')).digest)).moved, 100)
})

test('a ceiling and a floor refuse; they never take less', () => {
  const amount = fc.nat({ max: 1_000 })
  fc.assert(
    fc.property(
      fc.record({
        files: amount,
        bytes: amount,
        stay: amount,
        filesMax: amount,
        bytesMax: amount,
        percentMax: fc.nat({ max: 100 }),
        filesLeftMin: amount,
      }),
      (given) => {
        const { files, bytes, stay, ...limits } = given
        const isAllowed =
          files > 0 &&
          files <= limits.filesMax &&
          bytes <= limits.bytesMax &&
          files * 100 <= limits.percentMax * (files + stay) &&
          stay >= limits.filesLeftMin
        assert.equal(refusalOf({ files, bytes, stay: { files: stay }, limits }) === null, isAllowed)
      },
    ),
  )
  assert.equal(refusalOf({ files: 0, bytes: 0, stay: { files: 5 }, limits: wide })?.code, 'nothing-to-do')
})

test('a look at health that never ends is not waited for once a run is told to stop, and all goes back', async () => {
  using here = lab()
  here.file('a.old')
  const before = here.seen(here.root)
  const stop = new AbortController()
  let asked = 0
  const cleanup = here.cleanup({
    health: async () => {
      if (asked++ === 0) return { all: undefined }
      stop.abort()
      return new Promise(() => undefined)
    },
  })
  const { digest } = await cleanup.plan('covers')
  await assert.rejects(cleanup.run(digest, { signal: stop.signal }), { code: 'unhealthy-after' })
  assert.deepEqual(here.seen(here.root), before)
})

test('a disk that is full when files have to go back does not keep them', async (t) => {
  using here = lab()
  const disk = join(here.path, 'disk')
  mkdirSync(disk)
  using mounted = small(disk, 256)
  if (!mounted) return t.skip('Mounting takes root and Linux.')
  const root = join(disk, 'covers')
  mkdirSync(root)
  let asked = 0
  const cleanup = here.cleanup({
    root: { path: root },
    health: async () => {
      if (asked++ === 0) return { all: undefined }
      // To the last block, and the one that the notes of the run are in.
      const [run] = readdirSync(join(root, '.cleanup', 'runs'))
      const steps = join(root, '.cleanup', 'runs', run ?? '', 'steps')
      appendFileSync(steps, ' '.repeat(4_096 - statSync(steps).size))
      assert.throws(() => writeFileSync(join(disk, 'full'), 'x'.repeat(1e6)))
      return { all: 'ill' }
    },
  })
  cleanup.mark('covers')
  for (let n = 0; n < 20; n++) writeFileSync(join(root, `${n}.old`), '')
  const before = here.seen(root)
  const { digest } = await cleanup.plan('covers')
  await assert.rejects(cleanup.run(digest), {
    code: 'unhealthy-after',
    message: /all: ill.*20 files were put back/,
  })
  assert.deepEqual(here.seen(root), before)
})
