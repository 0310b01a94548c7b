import assert from 'node:assert/strict'
import {
  appendFileSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { aged } from '../test/aged.ts'
import { type Changes, type Lab, lab } from '../test/lab.ts'

const dayMs = 86_400_000

async function moved(here: Lab, changes: Changes = {}): Promise<string> {
  here.file('a.old')
  here.file('in/b.old')
  const cleanup = here.cleanup(changes)
  return (await cleanup.run((await cleanup.plan('covers')).digest)).run
}

test('the trash is listed: what, since when, and until when it stays', async () => {
  using here = lab()
  const run = await moved(here)
  const { runs, notSeen } = here.cleanup().trash()
  assert.deepEqual(notSeen, [])
  assert.deepEqual(
    { ...runs[0], movedAt: null },
    {
      root: 'covers',
      run,
      state: 'done',
      files: 2,
      bytes: 8,
      movedAt: null,
      days: 0,
      purgeInDays: 7,
      because: null,
    },
  )
})

test('a root that cannot be looked at is told, and does not hide the others', async () => {
  using here = lab()
  await moved(here)
  const other = {
    name: 'exports',
    path: join(here.path, 'nowhere', 'at', 'all'),
    limits: here.host().roots[0]?.limits,
    chooser: async () => () => undefined,
  }
  const { runs, notSeen } = here.cleanup({ others: [other as never] }).trash()
  assert.equal(runs.length, 1)
  assert.deepEqual(
    notSeen.map(({ root }) => root),
    ['exports'],
  )
})

test('what was put back is not put back again, and what is purged is gone', async () => {
  using here = lab()
  const run = await moved(here)
  const cleanup = here.cleanup()
  assert.equal((await cleanup.restore(run)).back, 2)
  await assert.rejects(cleanup.restore(run), { code: 'run-not-finished' })
  await assert.rejects(cleanup.purge(run), { code: 'run-not-finished' })
  for (const unknown of ['', '..', '../..', '/', 'x', `${run}/../..`])
    await assert.rejects(cleanup.restore(unknown), { code: 'run-unknown' }, unknown)
})

test('a folder that is gone is made again; one that is a link by now is not gone through', async () => {
  using here = lab()
  const run = await moved(here)
  const outside = here.seen(here.outside)
  rmSync(join(here.root, 'in'), { recursive: true })
  symlinkSync(here.outside, join(here.root, 'in'))
  assert.deepEqual(await here.cleanup().restore(run), {
    back: 1,
    stayed: ['in/b.old'],
    missing: [],
    purged: [],
  })
  assert.deepEqual(here.seen(here.outside), outside)
  rmSync(join(here.root, 'in'))
  assert.deepEqual(await here.cleanup().restore(run), {
    back: 1,
    stayed: [],
    missing: [],
    purged: [],
  })
})

const early: readonly {
  what: string
  code: string
  changes?: Changes
  make?: (here: Lab, run: string) => void
}[] = [
  { what: 'before seven days', code: 'purge-too-early' },
  {
    what: 'when the clock was set a month on',
    code: 'purge-too-early',
    changes: { clock: () => new Date(Date.now() + 30 * dayMs) },
  },
  {
    what: 'when the clock was set on over a restart of the machine',
    code: 'purge-too-early',
    make: (here, run) => aged(here, run, [0, 40]),
  },
  {
    what: 'after six days',
    code: 'purge-too-early',
    make: (here, run) => aged(here, run, [0, 1, 2, 3, 4, 5, 6]),
  },
  {
    what: 'when the service does not run',
    code: 'not-restarted',
    changes: { serviceInstance: async () => undefined },
    make: (here, run) => aged(here, run),
  },
  {
    what: 'when not all is well',
    code: 'unhealthy',
    changes: { health: async () => ({ search: 'is slow' }) },
    make: (here, run) => aged(here, run),
  },
]

for (const { what, code, changes, make } of early) {
  test(`nothing is purged ${what}`, async () => {
    using here = lab()
    const run = await moved(here)
    make?.(here, run)
    await assert.rejects(here.cleanup(changes).purge(run), { code })
    assert.equal((await here.cleanup().restore(run)).back, 2)
  })
}

test('what was written to in the trash is not purged', async () => {
  using here = lab()
  const run = await moved(here)
  aged(here, run)
  appendFileSync(join(here.root, '.cleanup', 'runs', run, 'files', '0'), 'more')
  const lying = () => {
    const [told] = here.cleanup().trash().runs
    return [told?.state, told?.files, told?.bytes]
  }
  assert.deepEqual(lying(), ['done', 2, 8])
  assert.deepEqual(await here.cleanup().purge(run), { purged: 1, bytes: 4, changed: ['a.old'] })
  assert.deepEqual(lying(), ['done', 1, 4], 'the trash tells what lies there, not what was planned')
  assert.deepEqual(await here.cleanup().restore(run), {
    back: 1,
    stayed: [],
    missing: [],
    purged: ['in/b.old'],
  })
  assert.deepEqual(lying(), ['put-back', 0, 0])
  assert.equal(readFileSync(join(here.root, 'a.old'), 'utf8'), 'textmore')
})

test('a purge takes away what its own journal names, and no more', async () => {
  using here = lab()
  const run = await moved(here)
  aged(here, run)
  writeFileSync(join(here.root, '.cleanup', 'runs', run, 'files', 'mine'), 'mine')
  const outside = here.seen(here.outside)
  assert.equal((await here.cleanup().purge(run)).purged, 2)
  assert.equal(readFileSync(join(here.root, '.cleanup', 'runs', run, 'files', 'mine'), 'utf8'), 'mine')
  assert.deepEqual(here.seen(here.outside), outside)
})

test('a journal that is damaged or was cut short moves nothing, and says where the files lie', async () => {
  using here = lab()
  const run = await moved(here)
  const journal = join(here.root, '.cleanup', 'runs', run, 'journal')
  const text = readFileSync(journal, 'utf8')
  writeFileSync(journal, text.replace('"a.old"', '7'))
  await assert.rejects(here.cleanup().restore(run), { code: 'run-damaged' })
  writeFileSync(journal, text.replace('"a.old"', '"../../../outside/kept.old"'))
  const outside = here.seen(here.outside)
  await assert.rejects(here.cleanup().restore(run), { code: 'run-damaged' })
  assert.deepEqual(here.seen(here.outside), outside)
  truncateSync(journal, 20)
  await assert.rejects(here.cleanup().restore(run), { code: 'run-damaged' })
  writeFileSync(journal, text)
  assert.equal((await here.cleanup().restore(run)).back, 2)
})

test('a trash that is swapped for a link is not gone through', async () => {
  using here = lab()
  const run = await moved(here)
  const folder = join(here.root, '.cleanup', 'runs', run)
  renameSync(join(folder, 'files'), join(folder, 'aside'))
  symlinkSync(here.outside, join(folder, 'files'))
  const outside = here.seen(here.outside)
  await assert.rejects(here.cleanup().restore(run), { code: 'ENOTDIR' })
  assert.deepEqual(here.seen(here.outside), outside)
})

test('before the service was started again nothing is purged, whatever clocks say', async () => {
  using here = lab()
  const asItRan = async () => 'first'
  const run = await moved(here, { serviceInstance: asItRan })
  aged(here, run)
  const aYearOn = () => new Date(Date.now() + 365 * dayMs)
  await assert.rejects(here.cleanup({ serviceInstance: asItRan, clock: aYearOn }).purge(run), {
    code: 'not-restarted',
  })
  assert.equal((await here.cleanup({ serviceInstance: async () => 'second' }).purge(run)).purged, 2)

  const whileItWasDown = await moved(here, { serviceInstance: async () => undefined })
  aged(here, whileItWasDown)
  assert.equal((await here.cleanup({ serviceInstance: asItRan }).purge(whileItWasDown)).purged, 2)
})

test('a purge that was cut off does not go on while anything is ill or the service is down', async () => {
  using here = lab()
  const run = await moved(here)
  aged(here, run)
  const folder = join(here.root, '.cleanup', 'runs', run)
  appendFileSync(
    join(folder, 'steps'),
    `${JSON.stringify({ state: 'purging', at: new Date().toISOString() })}\n`,
  )
  await assert.rejects(here.cleanup({ health: async () => ({ all: 'ill' }) }).purge(run), {
    code: 'unhealthy',
  })
  await assert.rejects(here.cleanup({ serviceInstance: async () => undefined }).purge(run), {
    code: 'not-restarted',
  })
  assert.equal((await here.cleanup().purge(run)).purged, 2)
})

test('what is not ours among the runs, and a run that is damaged, hide nothing', async () => {
  using here = lab()
  const run = await moved(here)
  const runs = join(here.root, '.cleanup', 'runs')
  writeFileSync(join(runs, '.DS_Store'), '')
  writeFileSync(join(runs, 'x'), '')
  here.file('c.old')
  const cleanup = here.cleanup()
  const other = await cleanup.run((await cleanup.plan('covers')).digest)
  writeFileSync(join(runs, run, 'journal'), 'nonsense\nend\n')
  assert.deepEqual(new Set(cleanup.trash().runs.map(({ state }) => state)), new Set(['damaged', 'done']))
  assert.equal((await cleanup.restore(other.run)).back, 1)
})
