import assert from 'node:assert/strict'
import { codeHmac, isCode, newCode } from './code.ts'
import type { Operation } from './operation.ts'
import { isPhrase } from './phrase.ts'
import type { Refusal } from './refusal.ts'
import { type At, asLeft, end, type Guarding, note, stepOn } from './stepping.ts'

/** Five minutes and five tries, by the database's clock and in the database's row. */
const codeMinutes = 5
const triesMax = 5
/** How often a code may be sent for one operation, so that nobody's mailbox is flooded. */
const codesMax = 5

/** A second person says yes. From now on the requester has so many minutes to confirm. */
export async function approve<Tx>(
  guarding: Guarding<Tx>,
  { by, id }: { readonly by: string; readonly id: string },
): Promise<{ readonly approved: Operation } | Refusal> {
  return stepOn(guarding, { step: 'approve', operationId: id, by }, async (at) => {
    const { operation, declaration, rows } = at
    if (operation.state !== 'planned' || !operation.approveUntil) {
      return operation.approvedBy
        ? { refused: 'approved-already', approvedBy: operation.approvedBy }
        : { refused: 'not-now', state: operation.state }
    }
    if (operation.approvedBy) return { refused: 'approved-already', approvedBy: operation.approvedBy }
    if (by === operation.requestedBy) return { refused: 'second-person-same' }
    await rows(
      `
        update guard_operation
        set approved_by = $2, confirm_until = clock_timestamp() + make_interval(mins => $3::integer)
        where id = $1
      `,
      [id, by, declaration.people.confirmMinutes],
    )
    await note(at, 'planned')
    return { approved: await asLeft(at) }
  })
}

/** Where the code went, and until when it holds. */
export type CodeSent = { readonly sentTo: string; readonly until: Date }

/** Makes a new code, which voids the one before, and sends it by the host's channel. The answer never holds it. */
export async function sendCode<Tx>(
  guarding: Guarding<Tx>,
  { by, id }: { readonly by: string; readonly id: string },
): Promise<CodeSent | Refusal> {
  const code = newCode()
  const hmac = codeHmac(guarding.host.secret, id, code)
  const stepping = { step: 'send-code', operationId: id, by } as const
  const armed = await stepOn(guarding, stepping, async (at) => {
    const { operation, rows } = at
    if (operation.state !== 'planned' && operation.state !== 'armed') {
      return { refused: 'not-now', state: operation.state }
    }
    const refusal = wrongPerson(at)
    if (refusal) return refusal
    if (operation.codes >= codesMax) return { refused: 'codes-used-up' }
    const [sent] = await rows<{ until: Date }>(
      `
        update guard_operation
        set state = 'armed', code_hmac = $2, codes = codes + 1,
          code_until = clock_timestamp() + make_interval(mins => $3)
        where id = $1
        returning code_until as until
      `,
      [id, hmac, codeMinutes],
    )
    assert.ok(sent, 'the operation is under lock')
    await note(at, 'armed')
    return { until: sent.until, name: operation.name, phrase: operation.phrase ?? '' }
  })
  if ('refused' in armed) return armed
  const { until, name, phrase } = armed
  try {
    const told = await guarding.host.send({ to: by, code, until, operationId: id, name, phrase })
    assert.ok(!JSON.stringify(told).includes(code), 'the channel must not hand the code back')
    if ('sentTo' in told) return { sentTo: told.sentTo, until }
    await voidCode(guarding, { by, id, hmac })
    return { refused: 'code-not-sent', because: told.notSentBecause }
  } catch (error) {
    await voidCode(guarding, { by, id, hmac })
    throw error
  }
}

/** A code that did not go out is over at once. One that was made meanwhile is left alone. */
async function voidCode<Tx>(
  guarding: Guarding<Tx>,
  { by, id, hmac }: { by: string; id: string; hmac: Buffer },
): Promise<void> {
  await stepOn(guarding, { step: 'send-code', operationId: id, by }, async (at) => {
    const voided = await at.rows(
      'update guard_operation set code_until = clock_timestamp() where id = $1 and code_hmac = $2 returning id',
      [id, hmac],
    )
    if (voided.length > 0)
      await note(at, 'armed', { because: { refused: 'code-not-sent', because: 'not told' } })
    return {}
  })
}

/** Confirmed: it is on its way. `repeated` says that it was so before. */
export type Confirmed = { readonly confirmed: Operation; readonly repeated: boolean }

/**
 * Takes the phrase and the code. The try is counted in the transaction that compares, and nothing is said before that
 * has committed: a process that dies in between has told nobody anything. What was confirmed is answered again, and
 * never begun again.
 */
export async function confirm<Tx>(
  guarding: Guarding<Tx>,
  { by, id, phrase, code }: { readonly by: string; id: string; phrase: string; code: string },
): Promise<Confirmed | Refusal> {
  return stepOn(guarding, { step: 'confirm', operationId: id, by }, async (at) => {
    const { operation, rows } = at
    const refusal = wrongPerson(at)
    if (refusal) return refusal
    if (['executing', 'done', 'failed', 'undoing', 'undone'].includes(operation.state)) {
      return { confirmed: await asLeft(at), repeated: true }
    }
    if (operation.state !== 'armed' || !operation.codeHmac)
      return { refused: 'not-now', state: operation.state }
    const gone = await permissionGone(at)
    if (gone) return gone
    if (!isPhrase({ typed: phrase, phrase: operation.phrase ?? '' })) return { refused: 'phrase-wrong' }

    const triesLeft = triesMax - operation.tries - 1
    await rows('update guard_operation set tries = tries + 1 where id = $1', [id])
    const { secret } = guarding.host
    const isRight = isCode(code, { secret, operationId: id, hmac: operation.codeHmac })
    if (!isRight || operation.codeIsOver) {
      const wrong = operation.codeIsOver ? 'code-expired' : 'code-wrong'
      if (triesLeft === 0) await end(at, 'refused', { refused: 'code-wrong', triesLeft })
      else await note(at, 'armed', { because: { refused: wrong, triesLeft } })
      return { refused: wrong, triesLeft }
    }
    await rows(
      `
        update guard_operation
        set state = 'executing', code_hmac = null, code_until = null, next_batch_at = clock_timestamp()
        where id = $1
      `,
      [id],
    )
    await note(at, 'executing', { rows: operation.count })
    return { confirmed: await asLeft(at), repeated: false }
  })
}

/** Neither who asked nor who approved counts when they may do so no longer. */
async function permissionGone<Tx>({ host, tx, operation }: At<Tx>): Promise<Refusal | undefined> {
  const { requestedBy, approvedBy, name } = operation
  if (!(await host.mayStill(tx, { by: requestedBy, as: 'requester', name })))
    return { refused: 'permission-gone', of: requestedBy }
  if (approvedBy !== null && !(await host.mayStill(tx, { by: approvedBy, as: 'approver', name })))
    return { refused: 'permission-gone', of: approvedBy }
  return undefined
}

/** The code goes to who asked, and only they confirm; where two are needed, not before the second one has agreed. */
function wrongPerson<Tx>({ operation, stepping }: At<Tx>): Refusal | undefined {
  if (stepping.by !== operation.requestedBy) {
    return { refused: 'not-the-requester', requestedBy: operation.requestedBy }
  }
  if (operation.approveUntil && !operation.approvedBy) return { refused: 'approval-missing' }
  return undefined
}
