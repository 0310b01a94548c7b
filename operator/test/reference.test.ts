import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import packageJson from '../../package.json' with { type: 'json' }
import { bibbyProgram } from '../src/program.ts'
import { commandsPage, errorsPage, settingsPage } from './reference-pages.ts'

const reference = (name: string) => fileURLToPath(new URL(`../../docs/reference/${name}`, import.meta.url))
const asItIs = { serializers: [(text: string) => text] }

test('the page of settings tells what the code reads (out of date? `npm run reference`)', (t) => {
  t.assert.fileSnapshot(settingsPage(), reference('settings.md'), asItIs)
})

test('the page of errors tells every refusal and fault (out of date? `npm run reference`)', (t) => {
  t.assert.fileSnapshot(errorsPage(), reference('errors.md'), asItIs)
})

test('the page of commands tells every verb (out of date? `npm run reference`)', (t) => {
  t.assert.fileSnapshot(commandsPage(bibbyProgram()), reference('commands.md'), asItIs)
})

test('the glossary has the noun of every table', () => {
  const schema = readFileSync(new URL('../../lending/schema.sql', import.meta.url), 'utf8')
  const tables = [...schema.matchAll(/^create table ([a-z_]{1,60}) \(/gm)].map(([, name]) =>
    (name ?? '').replaceAll('_', ' '),
  )
  const glossary = readFileSync(reference('glossary.md'), 'utf8').toLowerCase()
  const missing = tables.filter((name) => !glossary.includes(`**${name}**`))
  assert.deepEqual(missing, [])
})

test('the service of the manual is started as `npm start` starts it', () => {
  const manual = readFileSync(new URL('../../docs/operating/install.md', import.meta.url), 'utf8')
  const unit = /^ExecStart=\S{1,200}\/node_modules\/\.bin\/(.{1,300})$/m.exec(manual)?.[1]
  assert.equal(unit, packageJson.scripts.start)
})
