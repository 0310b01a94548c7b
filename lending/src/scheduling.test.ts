import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { temporaryHome } from '../test/bibby-process.ts'

const schedBatch = '3'
/** Of /proc/PID/stat, after the name in parentheses: `policy` is the 41st of all. Source: proc_pid_stat(5). */
const policyAfterName = 38

test('neither Bibby nor a session of its database interrupts whoever wakes it', {
  skip: existsSync('/usr/bin/chrt') ? false : 'Linux with chrt (package util-linux) is needed',
}, async () => {
  await using home = await temporaryHome()
  const bibby = home.start()
  await bibby.ready
  const db = await home.connect()
  const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid')
  assert.equal(await policyOf(bibby.pid), schedBatch)
  assert.equal(await policyOf(rows[0]?.pid), schedBatch)
  await db.end()
})

async function policyOf(pid: number | undefined): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[policyAfterName]
}
