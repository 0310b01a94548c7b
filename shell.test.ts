// Shell is strict: every script ends at its first failure, is checked by shellcheck and written as shfmt writes it.
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { test } from 'node:test'

const missing = ['shellcheck', 'shfmt'].filter((name) => !existsSync(`/usr/bin/${name}`))
const noTools = missing.length > 0 && `There is no ${missing.join(' and no ')} here.`

/** On top of what it finds by itself: all of its optional checks but for those of taste. */
const checks = ['--enable=all', '--exclude=SC2250,SC2310,SC2311,SC2312', '--severity=style']
/** Two spaces, and a case below its word, as everything else here is indented. */
const form = ['-d', '-i', '2', '-ci']

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => path !== '' && existsSync(path))
const scripts = files.flatMap((path) => {
  const text = readFileSync(path, 'latin1')
  const [first = ''] = text.split('\n', 1)
  const shell = /^#!.*\b(bash|sh)\b/.exec(first)?.[1]
  return shell || path.endsWith('.sh') ? [{ path, text, shell: shell ?? 'none' }] : []
})

/** What is typed: the blocks of shell in the pages of the alerts, the placeholders in capitals being words. */
const typed = files
  .filter((path) => /^docs\/operating\/alerts\/.*\.md$/.test(path))
  .map((path) => ({ path, text: /```sh\n([^`]*)```/.exec(readFileSync(path, 'utf8'))?.[1] ?? '' }))

test('every script says which shell it is for, and ends at its first failure', () => {
  assert.ok(scripts.some(({ path }) => path === '.ci/run'))
  for (const { path, text, shell } of scripts) {
    const command = text.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'))
    assert.equal(command, shell === 'sh' ? 'set -eu' : 'set -euo pipefail', path)
    assert.notEqual(shell, 'none', `${path} has no first line that names its shell`)
  }
})

test('shellcheck finds nothing in any script', { skip: noTools }, () => {
  run('shellcheck', [...checks, ...scripts.map(({ path }) => path)])
})

test('every script is written as shfmt writes it', { skip: noTools }, () => {
  run('shfmt', [...form, ...scripts.map(({ path }) => path)])
})

test('shellcheck finds nothing in what the pages of the alerts let people type', { skip: noTools }, () => {
  assert.ok(typed.length > 20)
  for (const { path, text } of typed) {
    assert.notEqual(text, '', path)
    run('shellcheck', ['--shell=bash', '-'], text)
  }
})

function run(program: string, args: readonly string[], input = ''): void {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', input })
  assert.equal(status, 0, stdout + stderr)
}
