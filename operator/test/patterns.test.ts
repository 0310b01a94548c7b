import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { command } from './command.ts'

type Ran = { readonly code: number; readonly out: string; readonly talk: string }

function bibby(data: string, words: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [...command, ...words],
      { env: { PATH: '/usr/bin:/bin', BIBBY_DATA: data } },
      (error, out, talk) => resolve({ code: error ? Number(error.code) : 0, out, talk }),
    )
  })
}

test('cards and shelves are settled by command; a hostile pattern is refused with what to write instead', async () => {
  await using home = await temporaryHome()
  await mkdir(home.data, { recursive: true })
  await home.start({ BIBBY_SAMPLE: 'yes' }).ready
  const run = (...words: string[]) => bibby(home.data, words)

  const cards = ['cards', 'set', '--branch', 'main', '--example', 'K-0001', '--pattern']
  const hostile = await run(...cards, '(K-([0-9]+)+)+$')
  assert.equal(hostile.code, 2)
  assert.match(hostile.talk, /exponential time.*make one of them match less/s)
  assert.equal((await run(...cards, 'K-[0-9]{4}')).out, 'New cards of the branch main look like K-0001.\n')
  assert.match((await run('cards', 'list')).out, /main +K-0001 +K-\[0-9\]\{4\}/)

  const shelves = ['shelves', 'set', '--branch', 'main', '--range', 'Novels=8[0-9]{2}']
  assert.match((await run(...shelves, '--range', 'Bad=(5+)+x')).talk, /exponential time/)
  assert.equal((await run(...shelves, '--range', 'Fiction = F')).out, 'The branch main has 2 ranges now.\n')
  assert.match((await run('shelves', 'list', '--branch', 'main')).out, /2 +Fiction +F/)
  const explain = (number: string) => run('shelves', 'explain', number, '--branch', 'main')
  assert.equal((await explain('813 SAL')).out, '813 SAL stands on the shelf Novels, by range 1: 8[0-9]{2}.\n')
  assert.equal((await explain('5')).out, 'No range matches 5.\n')
  assert.equal((await run('shelves', 'none', '--branch', 'main')).out, 'The branch main has no ranges now.\n')
  assert.notEqual((await run('shelves', 'set', '--branch', 'main', '--range', 'nothing')).code, 0)
})

test('an import takes a part of a column by command; a hostile pattern is refused before anything is written', async () => {
  await using home = await temporaryHome()
  await mkdir(home.data, { recursive: true })
  await home.start({ BIBBY_SAMPLE: 'yes' }).ready
  const run = (...words: string[]) => bibby(home.data, words)
  const file = join(dirname(home.data), 'gifts.csv')
  const mapping = join(dirname(home.data), 'mapping.json')
  await writeFile(file, 'title,note\nGift One,ISBN: 9780141439587\nGift Two,none\n')
  const by = (pattern: string) =>
    writeFile(mapping, JSON.stringify({ title: 'title', isbn: { column: 'note', pattern } }))

  await by('([0-9]+)+x')
  const hostile = await run('import', file, '--mapping', mapping)
  assert.equal(hostile.code, 2)
  assert.match(hostile.talk, /isbn, column "note": .*exponential time.*\(mapping-pattern-unfit\)/s)
  assert.equal((await run('imports')).out, 'Nothing was imported yet.\n')

  await by('ISBN: ([0-9]{13})')
  const preview = await run('import', file, '--mapping', mapping, '--preview')
  assert.match(preview.out, /isbn from “note”, of it what ISBN: \(\[0-9\]\{13\}\) takes/)
  assert.match(preview.out, /Set aside for: pattern-takes-nothing 1\./)
  const brought = await run('import', file, '--mapping', mapping)
  assert.match(brought.out, /2 read = 1 imported \+ 0 updated \+ 0 unchanged \+ 1 rejected/)
})
