import assert from 'node:assert/strict'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { acting } from '../test/acting.ts'
import { aged } from '../test/aged.ts'
import { type Lab, lab } from '../test/lab.ts'
import { swapping } from '../test/swapping.ts'

const files = ['a.old', 'b.old', 'in/c.old', 'in/d.old']

/** How often each file is there, as itself: in its place, and in the folders of the trash. */
function wherever(here: Lab, inodes: ReadonlyMap<string, number>): string[] {
  const runs = join(here.root, '.cleanup', 'runs')
  const inTrash = here.seen(here.root).size === 0 ? [] : trashed(runs)
  return [...inodes].map(([path, inode]) => {
    const isInPlace = inodeOf(join(here.root, path)) === inode
    const isInTrash = inTrash.includes(inode)
    return isInPlace && isInTrash ? 'both' : isInPlace ? 'place' : isInTrash ? 'trash' : 'nowhere'
  })
}

function trashed(runs: string): number[] {
  const list = (path: string) => {
    try {
      return readdirSync(path)
    } catch {
      return []
    }
  }
  return list(runs).flatMap((run) =>
    list(join(runs, run, 'files')).map((slot) => inodeOf(join(runs, run, 'files', slot)) ?? 0),
  )
}

function inodeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino
}

function filled(here: Lab): ReadonlyMap<string, number> {
  here.file('stays.new')
  return new Map(files.map((path) => [path, inodeOf(here.file(path)) ?? 0]))
}

for (const verb of ['run', 'run-ill'] as const) {
  test(`killed before any step of ${verb === 'run' ? 'a run' : 'a run that puts everything back'}: each file is in one place, and resume ends it`, async () => {
    for (let step = 1; ; step++) {
      assert.ok(step < 200, 'It has no end.')
      using here = lab()
      const inodes = filled(here)
      const [before, outside] = [here.seen(here.root), here.seen(here.outside)]
      const cleanup = here.cleanup()
      const { digest } = await cleanup.plan('covers')
      const told = await acting(here.root, verb, digest, step).ended
      if (told !== 'killed') {
        // It came to its end by itself: after many steps, and not because it was refused.
        assert.equal(told, verb === 'run' ? 'done' : 'unhealthy-after')
        assert.ok(step > 15, `It had ${step} steps.`)
        break
      }
      const places = wherever(here, inodes)
      // A file that was being put back has its second name for a moment: it is in its place.
      assert.ok(
        places.every(
          (place) => place === 'place' || place === 'trash' || (verb === 'run-ill' && place === 'both'),
        ),
        `${step}: ${places}`,
      )
      const { runs } = cleanup.cutOff()
      const [cut] = runs
      if (!cut) {
        const isAllMoved = places.every((place) => place === 'trash')
        const isNoneMoved = places.every((place) => place === 'place')
        assert.ok(isAllMoved || isNoneMoved, `${step}: ${places}, and nothing says so`)
      } else {
        assert.equal(cut.inPlace + cut.inTrash, files.length)
        await assert.rejects(cleanup.run((await cleanup.plan('covers')).digest), {
          code: /unfinished-run|nothing-to-do/,
        })
        await cleanup.resume(cut.run)
        assert.deepEqual(cleanup.cutOff().runs, [])
        assert.deepEqual(here.seen(here.root), before, `step ${step}`)
      }
      assert.deepEqual(here.seen(here.outside), outside)
    }
  })
}

test('killed before any step of putting back a run from the trash: it is put back by the next try', async () => {
  for (let step = 1; ; step++) {
    using here = lab()
    filled(here)
    const before = here.seen(here.root)
    const cleanup = here.cleanup()
    const { run } = await cleanup.run((await cleanup.plan('covers')).digest)
    const told = await acting(here.root, 'restore', run, step).ended
    if (told !== 'killed') return assert.equal(told, 'done')
    const [cut] = cleanup.cutOff().runs
    if (cut) await cleanup.resume(run)
    else if (here.seen(here.root).size !== before.size) await cleanup.restore(run)
    assert.deepEqual(here.seen(here.root), before, `step ${step}`)
  }
})

test('killed before any step of a purge: what is left is purged by the next try, and nothing else', async () => {
  for (let step = 1; ; step++) {
    using here = lab()
    filled(here)
    const cleanup = here.cleanup()
    const { run } = await cleanup.run((await cleanup.plan('covers')).digest)
    aged(here, run)
    const told = await acting(here.root, 'purge', run, step).ended
    if (told !== 'killed') return assert.equal(told, 'done')
    assert.deepEqual([...here.seen(here.root).keys()], ['in', 'stays.new'])
    const isPurged = cleanup.trash().runs[0]?.state === 'purged'
    if (!isPurged) await cleanup.purge(run)
    assert.deepEqual(trashed(join(here.root, '.cleanup', 'runs')), [])
  }
})

test('two runs at once: one does it, the other is told who is at work, or that nothing is left', async () => {
  using here = lab()
  for (let n = 0; n < 2_000; n++) here.file(`${n}.old`)
  const cleanup = here.cleanup()
  const { digest } = await cleanup.plan('covers')
  const told = await Promise.all([1, 2, 3].map(() => acting(here.root, 'run', digest).ended))
  assert.equal(told.filter((each) => each === 'done').length, 1, told.join())
  assert.ok(
    told.every((each) => ['done', 'at-work', 'plan-changed'].includes(each)),
    told.join(),
  )
  assert.equal(cleanup.trash().runs.length, 1)
})

test('a folder that is swapped for a link and back while a run goes on: nothing outside is touched', async () => {
  for (let round = 0; round < 5; round++) {
    using here = lab()
    for (let n = 0; n < 1_500; n++) here.file(`in/${n}.old`)
    for (let n = 0; n < 1_500; n++) writeFileSync(join(here.outside, `${n}.old`), 'kept')
    const outside = here.seen(here.outside)
    const cleanup = here.cleanup()
    const { digest } = await cleanup.plan('covers')
    const run = acting(here.root, 'run', digest)
    await run.begun('moving')
    const swaps = swapping(
      { folder: join(here.root, 'in'), aside: join(here.path, 'aside'), link: here.outside },
      run.ended,
    )
    const told = await run.ended
    assert.ok((await swaps) > 0, 'It was never swapped.')
    assert.deepEqual(here.seen(here.outside), outside)
    assert.ok(['done', 'stopped'].includes(told), told)
    const [moved] = cleanup.trash().runs
    if (moved?.state === 'done') await cleanup.restore(moved.run)
    assert.equal([...here.seen(join(here.root, 'in')).keys()].length, 1_500)
  }
})

/** Runs a plan of `a.old` and `b.old`, while another acts on `a.old` in the moment before it is moved; tells what is left. */
async function raced(here: Lab, how: 'run-raced' | 'run-raced-by-folder'): Promise<readonly string[]> {
  here.file('a.old', 'text')
  here.file('b.old')
  const { digest } = await here.cleanup().plan('covers')
  assert.equal(await acting(here.root, how, digest).ended, 'done')
  return [...here.seen(here.root).keys()]
}

test('a file that another replaces in the moment before it is moved goes back at once', async () => {
  using here = lab()
  assert.deepEqual(await raced(here, 'run-raced'), ['a.old'])
  assert.equal(readFileSync(join(here.root, 'a.old'), 'utf8'), 'another')
})

test('a folder that takes the place of a file in the moment before it is moved goes back whole', async () => {
  using here = lab()
  assert.deepEqual(await raced(here, 'run-raced-by-folder'), ['a.old', 'a.old/precious'])
})
