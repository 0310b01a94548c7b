import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { test } from 'node:test'
import { promisify } from 'node:util'

const run = promisify(execFile)
const taskset = '/usr/bin/taskset'
const script = `
  import { suitOneProcessor } from ${JSON.stringify(new URL('one-processor.ts', import.meta.url).href)}
  suitOneProcessor()
  console.log(JSON.stringify({ pid: process.pid, options: process.execArgv, rest: process.argv.slice(1), env: process.env.KEPT }))
`
const command = [process.execPath, '--input-type=module', '--eval', script, 'start', '--port', '0'] as const

test('on one processor a Bibby begins anew as the same process, with one collector of garbage; on more nothing happens', {
  skip:
    existsSync(taskset) && availableParallelism() > 1
      ? false
      : 'Linux with taskset (package util-linux) and two processors are needed',
}, async () => {
  const [program, ...options] = command
  const told = async (ran: ReturnType<typeof run>) => ({
    ...(JSON.parse(String((await ran).stdout)) as {
      pid: number
      options: string[]
      rest: string[]
      env: string
    }),
    child: ran.child.pid,
  })
  const env = { PATH: '/usr/local/bin:/usr/bin:/bin', KEPT: 'kept' }
  const alone = await told(run(taskset, ['--cpu-list', '0', ...command], { env }))
  assert.ok(alone.options.includes('--single-threaded-gc'), alone.options.join(' '))
  assert.deepEqual([alone.pid, alone.rest, alone.env], [alone.child, ['start', '--port', '0'], 'kept'])
  const among = await told(run(program, options, { env }))
  assert.ok(!among.options.includes('--single-threaded-gc'), among.options.join(' '))
})
