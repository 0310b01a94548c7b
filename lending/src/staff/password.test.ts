import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOptions } from '@node-rs/argon2'
import { flawInEnglish } from '../language/flaw.ts'
import { hashPassword, isPassword, passwordProblem } from './password.ts'

test('a password is stored as argon2id with the cost that OWASP names first', async () => {
  const stored = await hashPassword('correct horse')
  const { algorithm, memoryCost, timeCost, parallelism, saltLen } = parseOptions(stored)
  assert.deepEqual([algorithm, memoryCost, timeCost, parallelism, saltLen], [2, 19_456, 2, 1, 16])
  assert.ok(await isPassword('correct horse', stored))
  assert.ok(!(await isPassword('correct horsf', stored)))
})

test('one password typed on two keyboards is one password', async () => {
  assert.ok(await isPassword('Ångström', await hashPassword('Ångström')))
  assert.ok(await isPassword('password', await hashPassword('password')))
})

test('a password has 8 to 200 characters, counted as they are stored', () => {
  assert.match(flawInEnglish(passwordProblem('1234567') ?? ''), /shorter than 8/)
  assert.equal(passwordProblem('12345678'), undefined)
  assert.equal(passwordProblem('📚'.repeat(200)), undefined)
  assert.match(flawInEnglish(passwordProblem('📚'.repeat(201)) ?? ''), /longer than 200/)
  // One ligature stands for a whole phrase of 18 letters: eight of them or one, it is the letters that count.
  assert.equal(passwordProblem('\ufdfa'), undefined)
  assert.match(flawInEnglish(passwordProblem('\ufdfa'.repeat(12)) ?? ''), /longer than 200/)
  for (const bad of ['\ud800 and more', 'with a \0 in it', 'a line\nbreak']) assert.ok(passwordProblem(bad))
})

test('hashing leaves the event loop free', async () => {
  let ticks = 0
  const ticking = setInterval(() => {
    ticks += 1
  }, 1)
  await Promise.all(Array.from({ length: 4 }, () => hashPassword('correct horse')))
  clearInterval(ticking)
  assert.ok(ticks > 0)
})
