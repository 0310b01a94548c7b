import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { drills } from './drills.ts'
import type { Playable } from './runner/drill.ts'
import { perform } from './runner/perform.ts'
import { byWhatTheyAreJudged } from './runner/programme.ts'
import { openStage } from './runner/stage.ts'

const seed = 20_121_107
const stage = openStage()
after(() => stage[Symbol.asyncDispose]())

const { counts, waits } = byWhatTheyAreJudged(drills)

for (const [kind, some, concurrency] of [
  ['counts', counts, 2],
  ['waits', waits, 1],
] as const) {
  test(`drills that are judged by ${kind}`, { concurrency }, async (all) => {
    await Promise.all(
      some.map((drill) =>
        all.test(
          `the harm of ${drill.name} is done without the safeguard, and not with it`,
          async ({ signal }) => {
            await shows(drill, signal)
          },
        ),
      ),
    )
  })
}

async function shows(drill: Playable, signal: AbortSignal): Promise<void> {
  const quiet = { began: () => undefined, marked: () => undefined, ended: () => undefined }
  const { verdict, acts } = await perform(drill, { seed, stage, watching: quiet, signal })
  const told = acts.map(({ name, findings, broke }) => ({ name, findings, broke }))
  assert.equal(verdict, 'held', JSON.stringify(told, null, 2))
}
