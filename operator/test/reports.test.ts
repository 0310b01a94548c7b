import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { temporaryHome } from '@bibby/lending/test/bibby-process.ts'
import { command } from './command.ts'

const run = promisify(execFile)

test('a report by command says the same as JSON and as a file', async () => {
  await using home = await temporaryHome()
  await home.start({ BIBBY_SAMPLE: 'yes' }).ready
  const env = { PATH: '/usr/bin:/bin', BIBBY_DATA: home.data }
  const bibby = (...words: string[]) =>
    run(process.execPath, [...command, ...words], { env, cwd: dirname(home.data) })
  const json = await bibby('--json', 'report', 'inventory', '--by', 'shelf')
  const { rows, count } = JSON.parse(json.stdout) as { rows: (string | number)[][]; count: number }
  const copies = rows.reduce((all, row) => all + Number(row.at(-1)), 0)
  assert.ok(copies > 0 && count === rows.length)
  const path = join(dirname(home.data), 'inventory.csv')
  await bibby('report', 'inventory', '--by', 'shelf', '--csv', path)
  const [head, ...lines] = (await readFile(path, 'utf8')).trimEnd().split('\r\n')
  assert.match(head ?? '', /^\uFEFFbranch,shelf,on-shelf/)
  assert.equal(
    lines.reduce((all, line) => all + Number(line.split(',').at(-1)), 0),
    copies,
  )
})
