import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { drills } from './drills.ts'
import type { Playable } from './runner/drill.ts'
import { perform } from './runner/perform.ts'
import { byWhatTheyAreJudged } from './runner/programme.ts'
import { openStage } from './runner/stage.ts'

const seed = 20_121_107
const stage = openStage()
after(() => stage[Symbol.asyncDispose]())

const { counts, waits } = byWhatTheyAreJudged(drills)

// Waits are also those of the machine, which other tests keep busy: a safeguard that does not hold fails twice.
for (const [kind, some, concurrency, plays] of [
  ['counts', counts, 2, 1],
  ['waits', waits, 1, 2],
] as const) {
  test(`drills that are judged by ${kind}`, { concurrency }, async (all) => {
    await Promise.all(
      some.map((drill) =>
        all.test(`the harm of ${drill.name} is done without the safeguard, and not with it`, async (t) => {
          await shows(drill, t, plays)
        }),
      ),
    )
  })
}

async function shows(drill: Playable, t: TestContext, plays: number): Promise<void> {
  const quiet = { began: () => undefined, marked: () => undefined, ended: () => undefined }
  const { verdict, acts } = await perform(drill, { seed, stage, watching: quiet, signal: t.signal })
  const told = JSON.stringify(
    acts.map(({ name, findings, broke }) => ({ name, findings, broke })),
    null,
    2,
  )
  if (verdict === 'held') return
  assert.ok(plays > 1 && verdict === 'harmed', `${verdict}: ${told}`)
  t.diagnostic(`Played again: ${told}`)
  await shows(drill, t, plays - 1)
}
