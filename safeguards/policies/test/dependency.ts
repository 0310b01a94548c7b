import { CallError } from '../src/call-error.ts'
import { type Protection, protect } from '../src/protect.ts'
import { type VirtualClock, virtualClock } from './virtual-clock.ts'

/** What the tests' dependency throws; it says itself what it is. */
export class Down extends Error {
  readonly kind: 'permanent' | 'transient' | 'unknown-outcome'

  constructor(kind: 'permanent' | 'transient' | 'unknown-outcome' = 'transient') {
    super(`down, ${kind}`)
    this.kind = kind
  }
}

/** A protected dependency on a clock that is turned by hand. Each pause is as long as it may be. */
export function dependency(protection: Partial<Protection> & { readonly clock?: VirtualClock } = {}) {
  const { clock = virtualClock() } = protection
  const { call, state } = protect('The test dependency', {
    classify: (error) => (error instanceof Down ? error.kind : 'permanent'),
    atOnceMax: 100,
    waitingMax: 0,
    random: () => 1 - Number.EPSILON,
    ...protection,
    clock,
  })
  return { clock, call, state }
}

/** How a call ended: the answer, or the code, kind and tries of its error. */
export async function endOf<T>(call: Promise<T>): Promise<T | Pick<CallError, 'code' | 'kind' | 'tries'>> {
  try {
    return await call
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const { code, kind, tries } = error
    return { code, kind, tries }
  }
}

/** A call that is answered when the test says so. */
export function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  return { call: () => promise, answer: () => resolve('answered'), fail: (error: Error) => reject(error) }
}

/** A call that is never answered. */
export const silence = (): Promise<never> => new Promise(() => {})
