import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { command } from './command.ts'

/** Both are done before Node has begun: their end of the pipe is closed when the verb writes. */
const unreadPipe = '{ "$@"; echo "$?" >&2; } | true'
const fullDisk = '"$@" >/dev/full; echo "$?" >&2'

/** Runs the command within a line of the shell; gives its exit code and what it said to the person. */
async function inShell(
  line: string,
  words: readonly string[],
  env: Record<string, string> = {},
): Promise<{ code: number; talk: string }> {
  const child = spawn('/bin/sh', ['-c', line, 'sh', process.execPath, ...command, ...words], {
    env: { PATH: '/usr/bin:/bin', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const [said] = await Promise.all([text(child.stderr), once(child, 'close')])
  const [, talk = '', code] = /^(.*?)(\d+)\n$/s.exec(said) ?? []
  return { code: Number(code), talk }
}

test('a reader that leaves, as head does, costs no word, and what was asked for is done', async () => {
  await using home = await temporaryHome()
  const env = { BIBBY_DATA: home.data }
  await home.start({ BIBBY_SAMPLE: 'yes' }).ready
  assert.deepEqual(await inShell(unreadPipe, ['--help'], env), { code: 0, talk: '' })
  assert.deepEqual(await inShell(unreadPipe, ['search', 'Austen'], env), { code: 0, talk: '' })
  assert.deepEqual(await inShell(unreadPipe, ['export', '--format', 'csv'], env), { code: 141, talk: '' })
  const person = ['--given', 'A', '--family', 'B', '--category', 'adult', '--branch', 'main']
  assert.deepEqual(await inShell(unreadPipe, ['patron', 'add', ...person, '--card', 'UNREAD'], env), {
    code: 0,
    talk: '',
  })
  assert.equal((await inShell('"$@" >/dev/null; echo "$?" >&2', ['patron', 'show', 'UNREAD'], env)).code, 0)
})

test('an answer that its disk has no room for is told as that, and is a failure', async () => {
  const told = await inShell(fullDisk, ['--help'])
  assert.equal(told.code, 1)
  assert.match(told.talk, /^The answer could not be written \(ENOSPC\)\..*\n$/)
})
