// The house rules that no linter knows. Each message says what to do.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { test } from 'node:test'

const linesMax = 300
const testLinesMax = 500
const functionLinesMax = 70

/** Rules are pure: they know neither SQL nor HTTP, ask no clock and roll no dice. */
const rules = [
  'lending/src/circulation/due-date.ts',
  'lending/src/circulation/fine.ts',
  'lending/src/circulation/loan-rule.ts',
  'lending/src/catalogue/isbn.ts',
  'lending/src/catalogue/tokens.ts',
  'lending/src/notices/backoff.ts',
  'lending/src/notices/outage.ts',
  'lending/src/notices/overtaken.ts',
  'lending/src/notices/ramp.ts',
  'lending/src/notices/template.ts',
  'lending/src/patrons/card.ts',
  'lending/src/staff/permission.ts',
  'status/src/alerts/burn-rate.ts',
  'status/src/verdict/standing.ts',
  'status/src/verdict/told.ts',
  'status/src/verdict/verdict.ts',
]

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !file.endsWith('.png'))
  .flatMap((path) => {
    try {
      return [{ path, text: readFileSync(path, 'utf8') }]
    } catch {
      return []
    }
  })
const sources = files.filter(({ path }) => path.endsWith('.ts'))
const scripts = files.filter(({ path }) => path.endsWith('.js'))
const isTest = (path: string) => path.endsWith('.test.ts') || path.includes('/test/')

/** All places where `pattern` stands in these files, as `path:line`. */
function places(of: readonly { path: string; text: string }[], pattern: RegExp): string[] {
  return of.flatMap(({ path, text }) =>
    text.split('\n').flatMap((line, index) => (pattern.test(line) ? [`${path}:${index + 1}`] : [])),
  )
}

test('a file holds one idea: at most 300 lines, a test 500', () => {
  const long = [...sources, ...scripts].flatMap(({ path, text }) => {
    const lines = text.split('\n').length - 1
    return lines > (isTest(path) ? testLinesMax : linesMax) ? [`${path}: ${lines}`] : []
  })
  assert.deepEqual(long, [], 'two ideas each? split them')
})

test('a function fits in a head: at most 70 lines', () => {
  const long = sources
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, start) => {
        if (!/^(?:export )?(?:async )?function/.test(line)) return []
        const length = lines.slice(start).indexOf('}') + 1
        return length > functionLinesMax ? [`${path}:${start + 1}: ${length} lines`] : []
      })
    })
  assert.deepEqual(long, [])
})

test('a file is named for its one idea, in kebab-case', () => {
  const odd = sources
    .map(({ path }) => path)
    .filter((path) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.test)?\.ts$/.test(basename(path)))
  assert.deepEqual(odd, [])
  const empty = sources
    .map(({ path }) => path)
    .filter((path) => /^(?:utils?|helpers?|common|misc|manager|base|index|types)\b/.test(basename(path)))
  assert.deepEqual(empty, [], 'these names say nothing')
})

test('every export says what it is', () => {
  const bare = sources
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, text }) => {
      const lines = text.split('\n')
      return lines.flatMap((line, index) => {
        if (!/^export (?:default )?(?:async )?(?:function|const|class|type)\b/.test(line)) return []
        const before = lines[index - 1] ?? ''
        return before.endsWith('*/') ? [] : [`${path}:${index + 1}`]
      })
    })
  assert.deepEqual(bare, [], 'write a doc comment whose first line stands alone')
})

test('routes, pages and commands hold no SQL', () => {
  const edges = sources.filter(({ path }) => /^(?:lending\/src\/http|operator)\//.test(path) && !isTest(path))
  assert.deepEqual(places(edges, /\bsql`|postgres\/sql\.ts/), [])
})

test('rules are pure', () => {
  const found = sources.filter(({ path }) => rules.includes(path))
  assert.deepEqual(found.map(({ path }) => path).toSorted(), rules.toSorted(), 'a rule moved: mend the list')
  assert.deepEqual(
    places(
      found,
      /postgres\/|http\/|from 'node:|from 'fastify|Date\.now|new Date\(\)|Temporal\.Now|Math\.random/,
    ),
    [],
  )
})

test('no password is hashed while a write is under way', () => {
  const verbs = sources.filter(({ path, text }) => !isTest(path) && /^export const \w+: Verb</m.test(text))
  assert.ok(verbs.length > 20, 'verbs are declared in another way: mend the pattern')
  assert.deepEqual(places(verbs, /\b(?:hashPassword|wantedPassword|isPassword)\b/), [])
})

test('no pattern is made at run time', () => {
  // The labelled expressions are data: they are what the fences are tried on.
  const exempt = ['tidy.test.ts', 'safeguards/patterns/test/labelled.ts']
  assert.deepEqual(
    places(
      sources.filter(({ path }) => !exempt.includes(path)),
      /new RegExp\(|\bRegExp\(/,
    ),
    [],
  )
})

test('a test waits on signals, never by the clock', () => {
  const tests = sources.filter(({ path }) => path.endsWith('.test.ts') && path !== 'tidy.test.ts')
  assert.deepEqual(places(tests, /setTimeout\((?!\(\) => controller\.abort)|\bsleep\(|\bdelay\(/), [])
})

test('a check that is turned off says why', () => {
  assert.deepEqual(places(sources, /(?:biome-ignore [^:]*:\s*$|@ts-expect-error\s*$)/), [])
  assert.deepEqual(
    places(
      sources.filter(({ path }) => path !== 'tidy.test.ts'),
      /@ts-ignore|@ts-nocheck|\.only\(/,
    ),
    [],
  )
})

test('nothing is left for later', () => {
  const marks = /\b(?:TODO|FIXME|XXX|HACK)\b/
  assert.deepEqual(
    places(
      files.filter(({ path }) => path !== 'tidy.test.ts' && path !== 'LICENSE'),
      marks,
    ),
    [],
  )
})

test('the lock file names no download address', () => {
  assert.deepEqual(
    places(
      files.filter(({ path }) => path === 'package-lock.json'),
      /"resolved": "http/,
    ),
    [],
  )
})

test('no code is reached around a package’s exports', () => {
  const outside = sources.filter(({ path }) => !path.startsWith('lending/'))
  assert.deepEqual(places(outside, /from '(?:\.\.\/)+lending\//), [])
})

test('the status page imports nothing of ours', () => {
  const status = sources.filter(({ path }) => path.startsWith('status/'))
  assert.ok(status.length > 0, 'it moved: mend the path')
  const ours = /from '(?:@bibby\/|(?:\.\.\/)+(?:bench|drills|lending|notices|operator|safeguards)\/)/
  assert.deepEqual(places(status, ours), [])
})

test('every folder of source has its tests', () => {
  const folders = new Set(sources.filter(({ path }) => !isTest(path)).map(({ path }) => dirname(path)))
  const tested = new Set(
    sources.filter(({ path }) => path.endsWith('.test.ts')).map(({ path }) => dirname(path)),
  )
  const exempt = new Set([
    '.',
    'bench/src',
    'lending/src',
    'operator/src',
    'status/src',
    'lending/src/http',
    'lending/src/http/api',
    'lending/src/http/pages',
    'lending/src/http/assets',
    'lending/src/sample',
  ])
  assert.deepEqual(
    [...folders].filter((folder) => !tested.has(folder) && !exempt.has(folder)),
    [],
  )
})
