import assert from 'node:assert/strict'
import { test } from 'node:test'
import { anOpenLibrary, type OpenLibrary, pagePassword } from './open-library.ts'
import { aVisitor } from './visitor.ts'

/** What is wrong with the first is found by the page as it reads the form, with the second by the verb. */
const mistakes = {
  holdShelfDays: {
    typed: '0',
    en: 'Days on the hold shelf must be a whole number from 1 to 365.',
    de: 'Tage im Abholregal: Bitte eine ganze Zahl von 1 bis 365 eingeben.',
  },
  currency: {
    typed: 'XQQ',
    en: 'Currency must be three letters that ISO 4217 names, as EUR or USD.',
    de: 'Die Währung: Bitte drei Buchstaben nach ISO 4217 eingeben, etwa EUR oder USD.',
  },
} as const

async function anOperator(at: OpenLibrary, accepts: string) {
  const login = await at.staff('operator')
  const operator = aVisitor(at.app, { accepts })
  await operator.signIn('staff', login)
  const [form] = (await operator.open('/settings')).forms.filter(({ action }) => action === '/settings')
  assert.ok(form)
  return { login, operator, fields: form.fields }
}

test('a mistake in a field is told in the language that the browser asks for, above the form and at the field', async () => {
  await using at = await anOpenLibrary()
  for (const [accepts, is, isNot] of [
    ['de-AT,de;q=0.9,en;q=0.8', 'de', 'en'],
    ['en-GB', 'en', 'de'],
  ] as const) {
    const { operator, fields } = await anOperator(at, accepts)
    for (const [field, mistake] of Object.entries(mistakes)) {
      const told = await operator.post('/settings', { ...fields, [field]: mistake.typed })
      assert.equal(told.status, 422)
      assert.equal(told.text.split(mistake[is]).length - 1, 2, told.text)
      assert.ok(!told.text.includes(mistake[isNot]), told.text)
    }
  }
})

test('a program is told of a mistake in English, whatever it asks for', async () => {
  await using at = await anOpenLibrary()
  const { login } = await anOperator(at, 'en')
  const session = { kind: 'staff', account: login, password: pagePassword }
  const signedIn = await at.app.inject({ method: 'POST', url: '/api/v1/sessions', payload: session })
  const answer = await at.app.inject({
    method: 'PATCH',
    url: '/api/v1/library',
    headers: {
      'accept-language': 'de',
      authorization: `Bearer ${signedIn.json().token}`,
      'idempotency-key': 'once',
    },
    payload: { version: 1, currency: mistakes.currency.typed },
  })
  assert.equal(answer.statusCode, 422, answer.body)
  assert.deepEqual(answer.json().problems, { currency: mistakes.currency.en })
})

test('a refusal that is given again under its key is told in the language of who asks again', async () => {
  await using at = await anOpenLibrary()
  const { operator, fields } = await anOperator(at, 'de')
  const wrong = { ...fields, currency: mistakes.currency.typed }
  assert.ok((await operator.post('/settings', wrong)).text.includes(mistakes.currency.de))
  await operator.open('/language?is=en&to=/settings')
  assert.ok((await operator.post('/settings', wrong)).text.includes(mistakes.currency.en))
})
