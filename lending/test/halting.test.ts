import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aServedLibrary, bearing } from './api-fixtures.ts'
import { anOpenLibrary } from './open-library.ts'
import { aVisitor } from './visitor.ts'

test('halted by page, every page says so and stays readable, no form writes, and an operator lets it go on', async () => {
  await using at = await anOpenLibrary()
  const [manager, operator, passerBy] = [aVisitor(at.app), aVisitor(at.app), aVisitor(at.app)]
  await manager.signIn('staff', await at.staff('manager'))
  await operator.signIn('staff', await at.staff('operator'))
  await operator.open(`/patrons/${at.patronId}`)
  await manager.open('/halt')
  const halted = await manager.send('/halt', { reason: 'A <wrong> import' })
  assert.match(halted.text, /All writing is halted.*Nothing was written since.*An operator can let it go on/s)
  assert.doesNotMatch(halted.html, /action="\/resume"/)

  for (const path of ['/', '/sign-in', '/nothing-here']) {
    const page = await passerBy.open(path)
    assert.match(page.html, /Writing is halted since .*A &lt;wrong> import|A &lt;wrong&gt; import/s, path)
  }
  const refused = await operator.send(`/patrons/${at.patronId}/block`, { because: 'Late' })
  assert.equal(refused.status, 503)
  assert.match(refused.text, /Nothing can be written now/)

  const standing = await operator.open('/halt')
  const phrase = /RESUME EPOCH \d+ HALTED [\d: -]+ UTC, 0 WRITTEN SINCE/.exec(standing.text)?.[0] ?? ''
  const wrong = await operator.send('/resume', { phrase: 'yes' })
  assert.equal(wrong.status, 422)
  assert.match(wrong.text, /That is not the phrase/)
  assert.match((await operator.send('/resume', { phrase })).text, /It goes on/)
  assert.doesNotMatch((await passerBy.open('/')).text, /halted/)
})

test('by API managers halt and only operators resume; health tells the mode and stays UP', async () => {
  await using at = await aServedLibrary()
  const ask = async (role: 'desk' | 'manager' | 'operator', url: string, payload?: object) =>
    at.app.inject({
      method: payload ? 'POST' : 'GET',
      url,
      headers: bearing(await at.tokenOf(role)),
      ...(payload ? { payload } : {}),
    })
  assert.equal((await ask('desk', '/api/v1/halt', { reason: 'x' })).statusCode, 403)
  assert.equal((await ask('manager', '/api/v1/halt', { verb: 'lent' })).json().code, 'verb-unknown')
  const halted = (await ask('manager', '/api/v1/halt', { reason: 'x' })).json()
  assert.deepEqual([halted.already, halted.cut, halted.reason], [false, 0, 'x'])
  const health = (await at.app.inject('/actuator/health')).json()
  assert.deepEqual([health.status, health.components.database.details.mode], ['UP', 'halted'])
  assert.match((await ask('operator', '/metrics')).body, /^bibby_halted\{verb="all"\} 1$/m)
  const { epoch, since, phrase } = (await ask('operator', '/api/v1/halt')).json()
  const body = { epoch, since, phrase }
  assert.equal((await ask('manager', '/api/v1/resume', body)).statusCode, 403)
  assert.equal((await ask('operator', '/api/v1/resume', { ...body, epoch: 99 })).json().code, 'halt-changed')
  assert.equal((await ask('operator', '/api/v1/resume', body)).json().epoch, epoch + 1)
})
