import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'

const taskset = '/usr/bin/taskset'

test('as many sessions search as there are processors, and two where there is one', {
  skip: existsSync(taskset) ? false : 'Linux with taskset (package util-linux) is needed',
}, () => {
  const pools = new URL('pools.ts', import.meta.url).href
  const script = `console.log((await import(${JSON.stringify(pools)})).searchSessions)`
  const onThese = (processors: string) =>
    Number(
      execFileSync(
        taskset,
        ['--cpu-list', processors, process.execPath, '--input-type=module', '--eval', script],
        { encoding: 'utf8' },
      ),
    )
  assert.equal(onThese('0'), 2)
  const count = availableParallelism()
  assert.equal(onThese(`0-${count - 1}`), Math.min(4, Math.max(2, count)))
})
