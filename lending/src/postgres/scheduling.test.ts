import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { scratchDatabase } from '../../test/scratch-database.ts'
import { sql } from './sql.ts'

const schedBatch = '3'
/** Of /proc/PID/stat, after the name in parentheses: `policy` is the 41st of all. Source: proc_pid_stat(5). */
const policyAfterName = 38

test('a session of our server does not interrupt whoever wakes it', {
  skip: existsSync('/usr/bin/chrt') ? false : 'Linux with chrt (package util-linux) is needed',
}, async () => {
  await using db = await scratchDatabase({ connectionsMax: 1 })
  const [session] = await db.rows<{ pid: number }>(sql`select pg_backend_pid() as pid`)
  const stat = await readFile(`/proc/${session?.pid}/stat`, 'utf8')
  assert.equal(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[policyAfterName], schedBatch)
})
