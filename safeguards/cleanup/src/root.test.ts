import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Changes, type Lab, lab } from '../test/lab.ts'

const marker = '.cleanup-root.json'

/** What was done to the root, and what it is refused as. */
const cases: readonly { what: string; code: string; make: (here: Lab) => Changes | undefined }[] = [
  {
    what: 'is a link',
    code: 'root-passes-link',
    make: ({ root, path }) => {
      renameSync(root, join(path, 'real'))
      symlinkSync(join(path, 'real'), root)
    },
  },
  {
    what: 'is reached through a link',
    code: 'root-passes-link',
    make: ({ path }) => {
      renameSync(join(path, 'library'), join(path, 'real'))
      symlinkSync('real', join(path, 'library'))
    },
  },
  {
    what: 'is a file',
    code: 'root-passes-link',
    make: ({ root }) => {
      rmSync(root, { recursive: true })
      writeFileSync(root, '')
    },
  },
  { what: 'is not there', code: 'root-missing', make: ({ root }) => void rmSync(root, { recursive: true }) },
  {
    what: 'may be written by anybody',
    code: 'root-open-to-all',
    make: ({ root }) => void chmodSync(root, 0o777),
  },
  { what: 'has no marker', code: 'marker-missing', make: ({ root }) => void rmSync(join(root, marker)) },
  {
    what: 'has a folder for a marker',
    code: 'marker-unreadable',
    make: ({ root }) => {
      rmSync(join(root, marker))
      mkdirSync(join(root, marker))
    },
  },
  {
    what: 'has a pipe for a marker',
    code: 'marker-unreadable',
    make: ({ root }) => {
      rmSync(join(root, marker))
      execFileSync('mkfifo', [join(root, marker)])
    },
  },
  {
    what: 'has a link for a marker',
    code: 'marker-unreadable',
    make: ({ root, path }) => {
      renameSync(join(root, marker), join(path, 'm'))
      symlinkSync(join(path, 'm'), join(root, marker))
    },
  },
  {
    what: 'has an empty marker',
    code: 'marker-unreadable',
    make: ({ root }) => void writeFileSync(join(root, marker), ''),
  },
  {
    what: 'has a marker that is not ours',
    code: 'marker-unreadable',
    make: ({ root }) => void writeFileSync(join(root, marker), '{"id": 7}'),
  },
  {
    what: 'has a marker that is cut short',
    code: 'marker-unreadable',
    make: ({ root }) =>
      void writeFileSync(join(root, marker), readFileSync(join(root, marker)).subarray(0, 90)),
  },
  {
    what: 'has a marker that is huge',
    code: 'marker-unreadable',
    make: ({ root }) => void writeFileSync(join(root, marker), ' '.repeat(1e6)),
  },
  {
    what: 'was marked for another root',
    code: 'marker-elsewhere',
    make: ({ root }) => changed(root, 'name', 'exports'),
  },
  {
    what: 'was marked on another machine',
    code: 'marker-elsewhere',
    make: ({ root }) => changed(root, 'host', 'db-2'),
  },
  {
    what: 'was marked for production',
    code: 'marker-elsewhere',
    make: ({ root }) => changed(root, 'environment', 'production'),
  },
  {
    what: 'has a link for our own folder',
    code: 'root-unreadable',
    make: ({ root, outside }) => void symlinkSync(outside, join(root, '.cleanup')),
  },
  {
    what: 'has a file for our own folder',
    code: 'root-unreadable',
    make: ({ root }) => void writeFileSync(join(root, '.cleanup'), ''),
  },
  {
    what: 'has our own folder open to others',
    code: 'root-unreadable',
    make: ({ root }) => {
      mkdirSync(join(root, '.cleanup'))
      chmodSync(join(root, '.cleanup'), 0o755)
    },
  },
  { what: 'has limits that allow nothing', code: 'over-ceiling', make: () => ({ limits: { filesMax: 0 } }) },
]

function changed(root: string, key: string, value: string): undefined {
  const file = join(root, marker)
  writeFileSync(file, JSON.stringify({ ...JSON.parse(readFileSync(file, 'utf8')), [key]: value }))
}

for (const { what, code, make } of cases) {
  test(`a root that ${what} is refused, and nothing is touched`, async () => {
    using here = lab()
    here.file('a.old')
    const changes = make(here)
    const before = here.seen(here.path)
    const cleanup = here.cleanup(changes)
    await assert.rejects(async () => cleanup.run((await cleanup.plan('covers')).digest), { code })
    const after = here.seen(here.path)
    // A plan that was made leaves its note.
    for (const path of before.keys())
      if (!path.includes('.cleanup')) assert.equal(after.get(path), before.get(path), path)
  })
}

test('a root is named, its path is never taken', async () => {
  using here = lab()
  for (const name of ['', '/', '..', '.', here.root, 'cover', 'covers/', 'COVERS', '*', 'covers\n'])
    await assert.rejects(here.cleanup().plan(name), { code: 'root-unknown' }, name)
})

test('a folder is marked once, and only one that passes every other look', async () => {
  using here = lab()
  assert.throws(() => here.cleanup().mark('covers'), { code: 'root-marked-already' })
  rmSync(join(here.root, marker))
  chmodSync(here.root, 0o777)
  assert.throws(() => here.cleanup().mark('covers'), { code: 'root-open-to-all' })
  chmodSync(here.root, 0o700)
  const { name, environment } = here.cleanup().mark('covers')
  assert.deepEqual([name, environment], ['covers', 'test'])
})
