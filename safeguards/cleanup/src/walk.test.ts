import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, linkSync, mkdirSync, symlinkSync, truncateSync, utimesSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Lab, lab } from '../test/lab.ts'
import { bound } from '../test/mounted.ts'

/** Something strange in the tree; what of it may be moved, by its name with its bytes as latin1. */
type Tree = {
  readonly what: string
  readonly make: (here: Lab) => void
  readonly moved?: readonly string[]
  readonly left?: Readonly<Record<string, number>>
}

const latin1 = (text: string) => Buffer.from(text).toString('latin1')

const trees: readonly Tree[] = [
  {
    what: 'a link to a file outside',
    make: ({ root, outside }) => symlinkSync(join(outside, 'kept.old'), join(root, 'a.old')),
    left: { links: 1 },
  },
  {
    what: 'a link to a folder outside',
    make: ({ root, outside }) => symlinkSync(outside, join(root, 'old')),
    left: { links: 1 },
  },
  { what: 'a link to /', make: ({ root }) => symlinkSync('/', join(root, 'old')), left: { links: 1 } },
  {
    what: 'a link to the root itself',
    make: ({ root }) => symlinkSync(root, join(root, 'old')),
    left: { links: 1 },
  },
  {
    what: 'a link that leads nowhere',
    make: ({ root }) => symlinkSync('nowhere', join(root, 'a.old')),
    left: { links: 1 },
  },
  {
    what: 'a link to a chosen file beside it',
    make: ({ root, file }) => {
      file('b.old')
      symlinkSync('b.old', join(root, 'a.old'))
    },
    moved: ['b.old'],
    left: { links: 1 },
  },
  {
    what: 'a file with a second name outside',
    make: ({ root, outside }) => linkSync(join(outside, 'kept.old'), join(root, 'a.old')),
    left: { hardLinked: 1 },
  },
  {
    what: 'a file with two names inside',
    make: ({ root, file }) => linkSync(file('a.old'), join(root, 'b.old')),
    left: { hardLinked: 2 },
  },
  {
    what: 'a pipe',
    make: ({ root }) => void execFileSync('mkfifo', [join(root, 'a.old')]),
    left: { specials: 1 },
  },
  {
    what: 'a newline in a name',
    make: ({ file }) => void file('a\n/etc/passwd.old'.replaceAll('/', '_')),
    moved: ['a\n_etc_passwd.old'],
  },
  {
    what: 'quotes in a name',
    make: ({ file }) => void file(`'"\`$(touch x).old`),
    moved: [`'"\`$(touch x).old`],
  },
  { what: 'a name that begins with a dash', make: ({ file }) => void file('-rf.old'), moved: ['-rf.old'] },
  {
    what: 'a name of a star',
    make: ({ file }) => {
      file('*.old')
      file('a.new')
    },
    moved: ['*.old'],
  },
  { what: 'a name of spaces', make: ({ file }) => void file('  old  '), moved: ['  old  '] },
  { what: 'a name with a backslash', make: ({ file }) => void file('..\\..\\old'), moved: ['..\\..\\old'] },
  { what: 'a name of three dots', make: ({ file }) => void file('...old'), moved: ['...old'] },
  {
    what: 'a name as long as they come',
    make: ({ file }) => void file(`old${'x'.repeat(252)}`),
    moved: [`old${'x'.repeat(252)}`],
  },
  { what: 'a name that is not UTF-8', make: ({ file }) => void file(Buffer.from([0xff, 0x6f, 0x6c, 0x64])) },
  {
    what: 'the same name in two forms of Unicode',
    make: ({ file }) => {
      file('é.old')
      file('e\u0301.old')
    },
    moved: [latin1('e\u0301.old'), latin1('é.old')],
  },
  {
    what: 'a name that turns the direction of text',
    make: ({ file }) => void file('\u202egpj.old'),
    moved: [latin1('\u202egpj.old')],
  },
  {
    what: 'names that differ by case only',
    make: ({ file }) => {
      file('A.old')
      file('a.old')
    },
    moved: ['A.old', 'a.old'],
  },
  {
    what: 'names that sort between a folder and its files',
    make: ({ file }) => {
      file('a/b.old')
      file('a-b.old')
      file('a0.old')
      file('a/b/c.old'.replace('b/', 'c/'))
    },
    moved: ['a-b.old', 'a/b.old', 'a/c/c.old', 'a0.old'],
  },
  {
    what: 'a marker of ours deeper down',
    make: ({ file }) => {
      file('old/.cleanup-root.json')
      file('old/.cleanup/old')
    },
    moved: ['old/.cleanup/old'],
  },
  { what: 'an empty file', make: ({ file }) => void file('a.old', ''), moved: ['a.old'] },
  {
    what: 'a file that may not be written',
    make: ({ file }) => chmodSync(file('a.old'), 0o400),
    moved: ['a.old'],
  },
  {
    what: 'a file from before 1970',
    make: ({ file }) => utimesSync(file('a.old'), -1_000, -1_000),
    moved: ['a.old'],
  },
  {
    what: 'a file from the year 2400',
    make: ({ file }) => utimesSync(file('a.old'), 13_600_000_000, 13_600_000_000),
    moved: ['a.old'],
  },
  {
    what: 'folders within folders',
    make: ({ file }) => void file(`${'d/'.repeat(60)}a.old`),
    moved: [`${'d/'.repeat(60)}a.old`],
  },
  { what: 'a folder that is empty', make: ({ root }) => void mkdirSync(join(root, 'old')) },
  {
    what: 'a file that takes more room than it has',
    make: ({ file, root }) => {
      file('a.old')
      truncateSync(join(root, 'a.old'), 1e9)
      utimesSync(join(root, 'a.old'), 1, 1)
    },
    moved: ['a.old'],
  },
]

for (const { what, make, moved = [], left = {} } of trees) {
  test(`${what}: only what was meant is moved, and all of it comes back`, async () => {
    using here = lab()
    make(here)
    here.file('stays.new')
    const [rootBefore, outsideBefore] = [here.seen(here.root), here.seen(here.outside)]
    const cleanup = here.cleanup()
    const plan = await cleanup.plan('covers')
    for (const [reason, count] of Object.entries(left))
      assert.equal(plan.left[reason as 'links'], count, reason)
    assert.equal(plan.files, moved.length)
    if (moved.length === 0) {
      await assert.rejects(cleanup.run(plan.digest), { code: 'nothing-to-do' })
    } else {
      const ran = await cleanup.run(plan.digest)
      assert.deepEqual(ran.left, [])
      const after = here.seen(here.root)
      assert.deepEqual(
        [...rootBefore.keys()].filter((path) => !after.has(path)).toSorted(),
        [...moved].toSorted(),
      )
      assert.deepEqual(await cleanup.restore(ran.run), {
        back: moved.length,
        stayed: [],
        missing: [],
        purged: [],
      })
    }
    assert.deepEqual(here.seen(here.root), rootBefore)
    assert.deepEqual(here.seen(here.outside), outsideBefore)
  })
}

test('a socket is left', async () => {
  using here = lab()
  const server = createServer().listen(join(here.root, 'old'))
  await once(server, 'listening')
  assert.equal((await here.cleanup().plan('covers')).left.specials, 1)
  server.close()
  await once(server, 'close')
})

test('folders too deep are refused', async () => {
  using here = lab()
  here.file(`${'d/'.repeat(70)}a.old`)
  await assert.rejects(here.cleanup().plan('covers'), { code: 'tree-too-large' })
})

test('a mount in the tree is not entered, of another file system or of this one', async (t) => {
  using here = lab()
  here.file('a.old')
  mkdirSync(join(here.root, 'bound'))
  using mounted = bound(here.outside, join(here.root, 'bound'))
  if (!mounted) return t.skip('Mounting takes root and Linux.')
  const outside = here.seen(here.outside)
  const cleanup = here.cleanup()
  const plan = await cleanup.plan('covers')
  assert.deepEqual([plan.files, plan.left.mounts], [1, 1])
  await cleanup.run(plan.digest)
  assert.deepEqual(here.seen(here.outside), outside)
})

test('a root that is a mount is refused, and one whose trash is', async (t) => {
  using here = lab()
  here.file('a.old')
  const cleanup = here.cleanup()
  await cleanup.plan('covers')
  {
    using mounted = bound(join(here.root, '.cleanup'), join(here.root, '.cleanup'))
    if (!mounted) return t.skip('Mounting takes root and Linux.')
    await assert.rejects(cleanup.plan('covers'), { code: 'root-unreadable' })
  }
  using mounted = bound(here.root, here.root)
  assert.ok(mounted)
  await assert.rejects(cleanup.plan('covers'), { code: 'root-is-mount-point' })
})

test('files of others are left where we could not put them back', async (t) => {
  if (process.getuid?.() !== 0) return t.skip('Giving files to others takes root.')
  using here = lab()
  here.file('a.old')
  here.file('b.old')
  execFileSync('chown', ['-R', '65534', here.root])
  execFileSync('chown', ['65533', join(here.root, 'b.old')])
  // The only thing that is not real here: root may put back everything.
  t.mock.method(process as { getuid: () => number }, 'getuid', () => 65_534)
  const plan = await here.cleanup().plan('covers')
  assert.deepEqual([plan.files, plan.left.ofOthers], [1, 1])
})
