import { randomUUID } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type { Probe } from '../config/config.ts'
import { type Answer, ask } from './ask.ts'

type Loan = Extract<Probe, { kind: 'loan' }>

/** What a prober keeps between two canary loans: the session of its account, and how it reads the password. */
export type Desk = { token: string | undefined; readonly password: string }

const triesMost = 3

/**
 * Lends the canary copy to the canary patron and takes it back, as a desk does; tells how long both took. A loan left
 * open by a prober that died is taken back first. Rejects with a sentence.
 */
export async function lendAndTakeBack(probe: Loan, desk: Desk): Promise<number> {
  const deadline = performance.now() + probe.timeoutMs
  const branch = probe.branch === null ? {} : { branch: probe.branch }
  const lend = () =>
    write(probe, desk, {
      path: 'loans',
      body: { card: probe.card, barcode: probe.barcode, ...branch },
      deadline,
    })
  const takeBack = () =>
    write(probe, desk, { path: 'returns', body: { barcode: probe.barcode, ...branch }, deadline })
  if (desk.token === undefined) desk.token = await signIn(probe, desk, deadline)
  let began = performance.now()
  let lent = await lend()
  if (lent.status === 409 && codeOf(lent) === 'copy-on-loan') {
    expect(await takeBack(), 200, 'taking back what an earlier canary left')
    began = performance.now()
    lent = await lend()
  }
  expect(lent, 201, 'lending')
  expect(await takeBack(), 200, 'taking back')
  return performance.now() - began
}

type Write = { readonly path: 'loans' | 'returns'; readonly body: object; readonly deadline: number }

/** One write under one key: what was answered as unknown is asked again until it is settled. */
async function write(probe: Loan, desk: Desk, { path, body, deadline }: Write): Promise<Answer> {
  const key = randomUUID()
  for (let tries = 1; ; tries++) {
    const answer = await ask(addressOf(probe, path), {
      method: 'POST',
      timeoutMs: leftUntil(deadline),
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        'idempotency-key': key,
        authorization: `Bearer ${desk.token ?? ''}`,
      },
    })
    if (tries === triesMost) return answer
    if (answer.status === 401) desk.token = await signIn(probe, desk, deadline)
    else if (codeOf(answer) !== 'commit-unknown') return answer
  }
}

async function signIn(probe: Loan, { password }: Desk, deadline: number): Promise<string> {
  const answer = await ask(addressOf(probe, 'sessions'), {
    method: 'POST',
    timeoutMs: leftUntil(deadline),
    body: JSON.stringify({ kind: 'staff', account: probe.account, password }),
    headers: { 'content-type': 'application/json' },
  })
  if (answer.status < 200 || answer.status > 299)
    throw new Error(`The canary cannot sign in: status ${answer.status}${told(answer)}.`)
  const { token } = objectOf(answer) as { token?: unknown }
  if (typeof token !== 'string') throw new Error('The canary signs in and gets no token.')
  return token
}

function expect(answer: Answer, status: number, what: string): void {
  if (answer.status === status) return
  throw new Error(`A canary loan fails at ${what}: status ${answer.status}${told(answer)}.`)
}

function told(answer: Answer): string {
  const code = codeOf(answer)
  return code === '' ? '' : `, ${code}`
}

function codeOf(answer: Answer): string {
  const { code } = objectOf(answer) as { code?: unknown }
  // Readers see it: nothing but what looks like a code.
  return typeof code === 'string' && /^[A-Za-z_-]{1,60}$/.test(code) ? code : ''
}

function objectOf({ text }: Answer): object {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function addressOf({ url }: Loan, path: string): string {
  return `${url.replace(/\/$/, '')}/api/v1/${path}`
}

function leftUntil(deadline: number): number {
  return Math.max(1, Math.ceil(deadline - performance.now()))
}
