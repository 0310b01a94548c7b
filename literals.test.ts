// No pattern in the sources can be made to run for ever: each literal is analysed, and what could go wrong is listed
// with the cap that its input has. Verdicts are kept below node_modules, so that only new literals take time. Left out
// are tests, drills and benches, whose patterns meet no text but their own.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { startAnalyser, type Verdict } from '@bibby/patterns/analyser.ts'
import { parseSync, Visitor } from 'oxc-parser'

type Literal = {
  readonly place: string
  readonly file: string
  readonly pattern: string
  readonly flags: string
}

/** What cannot be shown to be safe on any text, and the most characters that it is ever run on. */
const capped: readonly { file: string; pattern: string; characters: number; why: string }[] = [
  {
    file: 'lending/src/catalogue/isbn.ts',
    pattern: String.raw`^(?:[\s'"=]*(?:ISBN(?:[- ]?1[03])?)?[\s:'"]*)([0-9][0-9 -]*X?)`,
    characters: 1_800,
    why: 'plain() cuts to 100 characters, which NFKC makes into 1,800 at most',
  },
  {
    file: 'lending/src/catalogue/marc/title-text.ts',
    pattern: String.raw`[\p{L}\p{M}\p{N}]*$`,
    characters: 20,
    why: 'it sees the last word only, cut to lastWordMax',
  },
]
const charactersMost = 2_000

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts', '*.mjs', '*.js'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '' && !isTrial(file))

function isTrial(file: string): boolean {
  return file.endsWith('.test.ts') || /^(?:bench|drills)\/|\/test\//.test(file)
}

function literalsOf(file: string): Literal[] {
  let source: string
  try {
    source = readFileSync(file, 'utf8')
  } catch {
    return [] // Removed, and not yet committed.
  }
  const { program, errors } = parseSync(file, source)
  assert.deepEqual(errors, [], file)
  const found: Literal[] = []
  new Visitor({
    Literal(node) {
      if (!('regex' in node)) return
      const line = source.slice(0, node.start).split('\n').length
      found.push({ place: `${file}:${line}`, file, ...node.regex })
    },
  }).visit(program)
  return found
}

const literals = files.flatMap(literalsOf)
const isListed = ({ file, pattern }: Literal) =>
  capped.some((one) => one.file === file && one.pattern === pattern)

test('no pattern in the sources can be made to run for ever', { timeout: 600_000 }, async () => {
  assert.ok(literals.length > 50, 'literals are written in another way: mend this test')
  await using analyser = startAnalyser({
    // By the wall clock, and the longest literal takes seconds of a processor that others want too.
    limitMs: 150_000,
    threads: 2,
    keptIn: 'node_modules/.cache/patterns',
  })
  const wrong: string[] = []
  const lane = async (of: Iterable<Literal>) => {
    for (const literal of of) {
      const verdict = await analyser.analyse(literal.pattern, literal.flags)
      if (verdict.verdict !== 'safe') wrong.push(`${literal.place}: /${literal.pattern}/ ${inWords(verdict)}`)
    }
  }
  const unlisted = literals.filter((literal) => !isListed(literal)).values()
  await Promise.all([lane(unlisted), lane(unlisted)])
  assert.deepEqual(wrong, [], 'rewrite it, or list it above with the cap of its input and the reason')
})

test('what is listed is still there, and is run on short texts only', () => {
  for (const one of capped) {
    assert.ok(
      literals.some(({ file, pattern }) => file === one.file && pattern === one.pattern),
      `${one.file} has no /${one.pattern}/ any more: take it off the list`,
    )
    assert.ok(one.characters <= charactersMost && one.why !== '', one.file)
  }
})

function inWords(verdict: Exclude<Verdict, { verdict: 'safe' }>): string {
  return verdict.verdict === 'vulnerable'
    ? `takes ${verdict.complexity} time on ${verdict.attackInShort}`
    : `could not be decided: ${verdict.because}`
}
