import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { drills } from './drills.ts'
import { perform } from './runner/perform.ts'
import { openStage } from './runner/stage.ts'

const seed = 20_121_107
const stage = openStage()
after(() => stage[Symbol.asyncDispose]())

for (const drill of drills) {
  test(`the harm of ${drill.name} is done without the safeguard, and not with it`, async ({ signal }) => {
    const quiet = { began: () => undefined, marked: () => undefined, ended: () => undefined }
    const { verdict, acts } = await perform(drill, { seed, stage, watching: quiet, signal })
    const told = acts.map(({ name, findings, broke }) => ({ name, findings, broke }))
    assert.equal(verdict, 'held', JSON.stringify(told, null, 2))
  })
}
