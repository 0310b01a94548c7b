// The rules for Prometheus under deploy/prometheus/, and the pages that say what to do when one of them calls.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { aServedLibrary } from '@bibby/lending/test/api-fixtures.ts'
import { bibbyProgram } from '../src/program.ts'

const root = join(import.meta.dirname, '..', '..')
const rulesFolder = join(root, 'deploy', 'prometheus')
const pagesFolder = join(root, 'docs', 'operating', 'alerts')
const rules = readFileSync(join(rulesFolder, 'bibby-rules.yml'), 'utf8')

/** Told by others than the library: by who makes backups, and by the process of the status page. */
const toldElsewhere = new Set([
  'bibby_backup_newest_proven_timestamp_seconds',
  'bibby_backup_last_run_timestamp_seconds',
  'bibby_status_written_timestamp_seconds',
])

/** Raised by the status page by itself: Prometheus has no figure of it. */
const raisedElsewhere = ['BibbyStatusReplaced']

/** Each alert, as the text of its rule. */
const alerts = new Map(
  rules
    .split(/^ {6}- (?=alert|record)/m)
    .filter((rule) => rule.startsWith('alert: '))
    .map((rule) => [rule.split('\n')[0]?.slice('alert: '.length) ?? '', rule]),
)
const pages = readdirSync(pagesFolder).map((name) => name.replace('.md', ''))

/** Debian’s programs, where they are installed or where `install.mjs` took them to. */
function programOf(name: string): string | undefined {
  return [`/usr/bin/${name}`, join(root, 'node_modules', '.cache', 'debian', name)].find((path) =>
    existsSync(path),
  )
}

const promtool = programOf('promtool')
const amtool = programOf('amtool')

function runIn(program: string | undefined, args: readonly string[]): void {
  const { status, stdout, stderr } = spawnSync(program ?? '', args, { cwd: rulesFolder, encoding: 'utf8' })
  assert.equal(status, 0, stdout + stderr)
}

test('every alert has its page, and every page its alert', () => {
  assert.ok(alerts.size > 20, 'the rules are written in another way: mend this test')
  assert.deepEqual([...alerts.keys(), ...raisedElsewhere].toSorted(), pages.toSorted())
})

test('every alert says in a line what it is, in a sentence what it means, and where its page is', () => {
  for (const [name, rule] of alerts) {
    assert.match(rule, /^ {10}severity: (?:page|ticket|heartbeat)$/m, name)
    assert.match(rule, /^ {10}summary: .{8,70}$/m, name)
    assert.match(rule, /^ {10}description: .{30,}$/m, name)
    assert.ok(rule.includes(`\n          runbook: docs/operating/alerts/${name}.md\n`), name)
  }
})

test('every page begins with the command to type, and says whom to wake', () => {
  for (const name of pages) {
    const page = readFileSync(join(pagesFolder, `${name}.md`), 'utf8')
    assert.ok(page.startsWith(`# ${name}\n\n\`\`\`sh\n`), name)
    const headings = [...page.matchAll(/^## (.*)$/gm)].map(([, heading]) => heading)
    assert.deepEqual(headings, ['What to look at', 'What to do', 'When to wake whom'], name)
    for (const [, target = ''] of page.matchAll(/\]\(([^)#]+)/g)) {
      assert.ok(existsSync(join(pagesFolder, target)), `${name} leads to ${target}`)
    }
  }
})

test('every verb of bibby that a page names is one', () => {
  const program = bibbyProgram()
  const verbs = new Set(program.commands.map((each) => each.name()))
  for (const name of pages) {
    const page = readFileSync(join(pagesFolder, `${name}.md`), 'utf8')
    for (const [, verb = '', under = ''] of page.matchAll(/npm run -s bibby -- ([a-z-]+)(?: ([a-z]+))?/g)) {
      assert.ok(verbs.has(verb), `${name}: bibby ${verb}`)
      const inside = program.commands.find((each) => each.name() === verb)?.commands ?? []
      if (inside.length > 0)
        assert.ok(
          inside.some((each) => each.name() === under),
          `${name}: bibby ${verb} ${under}`,
        )
    }
  }
})

test('every figure that a rule asks for is told by a library that has just begun, at 0 where it counts', async () => {
  await using at = await aServedLibrary()
  const { body } = await at.app.inject('/metrics')
  const names = new Set(
    [...rules.matchAll(/(?<![:a-z])bibby_[a-z_]+(?![a-z_]|\.yml)/g)].map(([name]) => name),
  )
  assert.ok(names.size > 10)
  const missing = [...names].filter((name) => !toldElsewhere.has(name) && !body.includes(`\n${name}`))
  assert.deepEqual(missing, [])
  for (const series of [
    'bibby_requests_total{route="/",method="GET",class="5xx"} 0',
    'bibby_requests_total{route="unknown",method="any",class="5xx"} 0',
    'bibby_refused_overloaded_total{traffic="checkout"} 0',
    'bibby_refused_overloaded_total{traffic="check-in"} 0',
    'bibby_halted{verb="all"} 0',
  ]) {
    assert.ok(body.includes(`\n${series}\n`), series)
  }
  assert.match(body, /\nbibby_writes_total\{action="[a-z-]+",outcome="unknown"\} 0\n/)
  const routes = [...body.matchAll(/^bibby_requests_total\{route="([^"]+)",method="GET",class="ok"\}/gm)]
  const left = routes
    .map(([, route = '']) => route)
    .filter((route) => /^\/(?:actuator|metrics|assets)\b/.test(route))
  assert.ok(left.includes('/metrics') && left.includes('/actuator/health/readiness'), 'routes were renamed')
})

test('promtool finds nothing wrong in rules and configuration', {
  skip: promtool ? false : 'There is no promtool here.',
}, () => {
  runIn(promtool, ['check', 'config', 'prometheus.yml'])
  runIn(promtool, ['check', 'rules', 'bibby-rules.yml'])
})

test('the alerts fire when they should and only then, as promtool plays it', {
  skip: promtool ? false : 'There is no promtool here.',
}, () => {
  runIn(promtool, ['test', 'rules', 'bibby-rules-test.yml', 'bibby-rules-long-test.yml'])
})

test('amtool finds nothing wrong in the routes, and each severity reaches its receiver', {
  skip: amtool ? false : 'There is no amtool here.',
}, () => {
  runIn(amtool, ['check-config', 'alertmanager.yml'])
  for (const [severity, receiver] of [
    ['page', 'page'],
    ['ticket', 'ticket'],
    ['heartbeat', 'heartbeat'],
  ] as const) {
    const routed = ['config', 'routes', 'test', '--config.file=alertmanager.yml']
    runIn(amtool, [...routed, `--verify.receivers=${receiver}`, `severity=${severity}`])
  }
})
