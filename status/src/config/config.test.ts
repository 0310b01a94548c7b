import assert from 'node:assert/strict'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { example } from './example.ts'
import { nearest } from './nearest.ts'
import { readConfig } from './read-config.ts'

async function inFolder(
  work: (
    read: (settings: object | string, env?: Record<string, string>) => Promise<ReturnType<typeof readConfig>>,
    folder: string,
  ) => Promise<void>,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'bibby-status-config-'))
  const path = join(folder, 'bibby-status.json')
  try {
    await work(async (settings, env = {}) => {
      await writeFile(path, typeof settings === 'string' ? settings : JSON.stringify(settings))
      return readConfig(path, env)
    }, folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
const problemsOf = (read: ReturnType<typeof readConfig>) => ('problems' in read ? read.problems : [])
const whole = { ...example({ passwordFile: null }) }

test('the settings that init writes are well, and paths start at the folder of the file', async () => {
  await inFolder(async (read, folder) => {
    const config = await read(whole)
    assert.ok(!('problems' in config), problemsOf(config).join('\n'))
    assert.equal(config.data, join(folder, 'status-data'))
    assert.equal(config.verdict.downAfter, 3)
  })
})

test('every problem is told at once, with its place, and a slip of the hand is guessed', async () => {
  await inFolder(async (read) => {
    const problems = problemsOf(
      await read({
        page: { name: '', libraryUrl: 'ftp://x' },
        intervalms: 5,
        components: [{ id: 'Not Safe', name: 'x', probes: [{ kind: 'htp', id: 'a' }] }],
      }),
    )
    const all = problems.join('\n')
    assert.match(all, /There is no setting intervalms\. Was intervalMs meant\?/)
    assert.match(all, /page\.name must be a text of 1 to 100 characters/)
    assert.match(all, /page\.libraryUrl must be an http or https address/)
    assert.match(all, /components\[0\]\.id must be at most 60 lower case/)
    assert.match(all, /components\[0\]\.probes\[0\]\.kind must be one of http, tcp, tls, loan/)
  })
})

test('what contradicts itself is refused', async () => {
  await inFolder(async (read) => {
    const component = {
      id: 'a',
      name: 'A',
      probes: [{ kind: 'tcp', id: 'p', host: 'h', port: 1, everyMs: 1_000 }],
    }
    const problems = problemsOf(
      await read({
        ...whole,
        components: [component, component],
        contacts: [{ kind: 'mail', to: 'a@b.example' }],
      }),
    )
    assert.match(problems.join('\n'), /two of the component a/)
    assert.match(problems.join('\n'), /a\/p may take 10000 ms/)
    assert.match(problems.join('\n'), /mail is missing/)
  })
})

test('a secret is read from a file of its owner or from a variable, and never told', async () => {
  await inFolder(async (read, folder) => {
    const key = join(folder, 'key')
    const prober = (place: object) => ({ ...whole, probers: [{ name: 'attic', key: place }] })
    await writeFile(key, 'a secret of some length\n', { mode: 0o644 })
    assert.match(problemsOf(await read(prober({ file: 'key' })))[0] ?? '', /others may read .*chmod 600/)
    await chmod(key, 0o600)
    const config = await read(prober({ file: 'key' }))
    assert.ok(!('problems' in config))
    assert.equal(
      config.secretAt(config.probers[0]?.key ?? { file: null, env: null }),
      'a secret of some length',
    )
    const short = problemsOf(await read(prober({ env: 'ATTIC' }), { ATTIC: 'short' }))
    assert.match(short[0] ?? '', /the variable ATTIC must hold/)
    assert.doesNotMatch(short.join(), /short/)
    assert.match(
      problemsOf(await read(prober({ env: 'A', file: 'b' })))[0] ?? '',
      /either a file or a variable/,
    )
  })
})

test('a file that is missing or no JSON is told as such', async () => {
  await inFolder(async (read) => {
    assert.match(problemsOf(await read('{'))[0] ?? '', /is not JSON/)
    assert.match(problemsOf(readConfig('/nowhere/at-all.json'))[0] ?? '', /bibby-status init/)
  })
})

test('a guess is at most two slips away', () => {
  assert.equal(nearest('serch', ['search', 'desk']), 'search')
  assert.equal(nearest('xyzzy', ['search', 'desk']), undefined)
})

test('a folder of the page that would serve the database, the settings or another target is refused', async () => {
  await inFolder(async (read) => {
    const of = (folder: string, more: object = {}) =>
      read({ ...whole, publish: [{ kind: 'folder', name: 'here', folder }], ...more })
    for (const folder of ['.', 'status-data', '/']) {
      assert.match(problemsOf(await of(folder)).join(), /would serve it/, folder)
    }
    assert.deepEqual(problemsOf(await of('site')), [])
    const twice = ['one', 'other'].map((name) => ({ kind: 'folder', name, folder: 'site' }))
    assert.match(problemsOf(await read({ ...whole, publish: twice })).join(), /is that of another target/)
  })
})
