import assert from 'node:assert/strict'
import { homedir } from 'node:os'
import { test } from 'node:test'
import { lab, wide } from '../test/lab.ts'
import { isWithin, rootPath } from './root-path.ts'

/** The path that a setting gives, and what it is refused as. Each was somebody's script once, or could be. */
const refused: readonly (readonly [string | undefined, string])[] = [
  [undefined, 'root-path-empty'],
  ['', 'root-path-empty'],
  [' ', 'root-path-empty'],
  ['\n', 'root-path-empty'],
  ['covers', 'root-path-not-absolute'],
  ['./covers', 'root-path-not-absolute'],
  ['../covers', 'root-path-not-absolute'],
  ['~/covers', 'root-path-not-absolute'],
  ['$DATA/covers', 'root-path-not-absolute'],
  ['-rf /', 'root-path-not-absolute'],
  ['*', 'root-path-not-absolute'],
  ['/srv/lib/../../etc', 'root-path-not-plain'],
  ['/srv/lib/..', 'root-path-not-plain'],
  ['/srv/./lib', 'root-path-not-plain'],
  ['/srv//lib', 'root-path-not-plain'],
  ['//srv/lib/x', 'root-path-not-plain'],
  ['/srv/lib/', 'root-path-not-plain'],
  ['/srv/lib/covers ', 'root-path-not-plain'],
  [' /srv/lib/covers', 'root-path-not-absolute'],
  ['/srv/lib/co\nvers', 'root-path-not-plain'],
  ['/srv/lib/co\0vers', 'root-path-not-plain'],
  ['/srv/lib/co\u202evers', 'root-path-not-plain'],
  ['/', 'root-protected'],
  ['/usr', 'root-protected'],
  ['/usr/lib/nvidia-current', 'root-protected'],
  ['/etc', 'root-protected'],
  ['/etc/bibby/covers', 'root-protected'],
  ['/proc/self/cwd', 'root-protected'],
  ['/proc/self/root', 'root-protected'],
  ['/dev/shm', 'root-protected'],
  ['/boot/covers', 'root-protected'],
  ['/root', 'root-protected'],
  ['/root/covers', 'root-protected'],
  ['/home', 'root-protected'],
  ['/home/ruth', 'root-protected'],
  ['/Users/ruth', 'root-protected'],
  [homedir(), 'root-protected'],
  ['/var', 'root-protected'],
  ['/var/lib', 'root-protected'],
  ['/tmp', 'root-protected'],
  ['/srv', 'root-protected'],
  ['/anything', 'root-protected'],
]

for (const [path, code] of refused) {
  test(`a root at ${JSON.stringify(path) ?? 'no path'} is refused: ${code}`, () => {
    using here = lab()
    const host = here.host({ root: { path } })
    const [setting] = host.roots
    assert.ok(setting)
    assert.throws(() => rootPath(setting, host), { code })
  })
}

test('a root that holds, is or lies in what is protected is refused, and one in another root', () => {
  using here = lab()
  const look = (changes: Parameters<typeof here.host>[0]) => () => {
    const host = here.host(changes)
    const [setting] = host.roots
    assert.ok(setting)
    return rootPath(setting, host)
  }
  const other = (path: string) => ({
    name: 'other',
    path,
    limits: wide,
    chooser: async () => () => undefined,
  })
  assert.equal(look({})(), here.root)
  assert.throws(look({ protect: [here.root] }), { code: 'root-protected' })
  assert.throws(look({ protect: [here.path] }), { code: 'root-protected' })
  assert.throws(look({ protect: [`${here.root}/postgres`] }), { code: 'root-holds-protected' })
  assert.equal(look({ protect: [`${here.root}-not`] })(), here.root, 'a name that begins the same is another')
  assert.throws(look({ others: [other(here.root)] }), { code: 'root-nested' })
  assert.throws(look({ others: [other(`${here.root}/old`)] }), { code: 'root-nested' })
  assert.throws(look({ others: [other(here.path)] }), { code: 'root-nested' })
  assert.equal(look({ others: [other(`${here.root}-old`)] })(), here.root)
})

test('a path is within another by whole names', () => {
  assert.ok(isWithin('/a/b', '/a'))
  assert.ok(isWithin('/a', '/'))
  assert.ok(isWithin('/a', '/a'))
  assert.ok(!isWithin('/ab', '/a'))
  assert.ok(!isWithin('/a', '/a/b'))
})
