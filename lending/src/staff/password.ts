import { hash, type Options, verify } from '@node-rs/argon2'
import { type Flaw, flawInEnglish } from '../language/flaw.ts'
import { characters, hasControlCharacter } from '../text.ts'

/**
 * argon2id with 19 MiB, two passes, one lane: the first choice of the OWASP Password Storage Cheat Sheet
 * (https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html, "m=19456 (19 MiB), t=2, p=1").
 * Hashing runs on libuv's threads (four by default), off the event loop: at most four at once, about 80 MiB.
 */
const argon2id: Options = {
  // Argon2id, as RFC 9106 numbers it; the package's enum exists at compile time only.
  algorithm: 2,
  memoryCost: 19_456,
  timeCost: 2,
  parallelism: 1,
}

const charactersMin = 8
const charactersMax = 200

const tooShort: Flaw = { flaw: 'too-short', label: 'password', values: { min: charactersMin } }
const tooLong: Flaw = { flaw: 'too-long', label: 'password', values: { max: charactersMax } }

/** What is wrong with a password that someone wants to have; undefined when nothing is. */
export function passwordProblem(password: string): Flaw | undefined {
  // Before any work that grows with it; NFKC can lengthen or shorten a text.
  if (password.length > charactersMax * 4 + 1_000) return tooLong
  if (!password.isWellFormed()) return { flaw: 'half-character', label: 'password' }
  const normal = password.normalize('NFKC')
  if (hasControlCharacter(normal)) return { flaw: 'control-character', label: 'password' }
  const length = characters(normal)
  if (length < charactersMin) return tooShort
  if (length > charactersMax) return tooLong
  return undefined
}

/** A password that someone wants to have: as it may be stored, or what is wrong with it. */
export type WantedPassword = { readonly hash: string } | { readonly problem: Flaw }

/**
 * Made before `write` is called. Hashing takes long, and no verb that sets a password is given one in clear: so none
 * holds a connection or a row meanwhile, and none hashes again when it is tried again.
 */
export async function wantedPassword(typed: string): Promise<WantedPassword> {
  const problem = passwordProblem(typed)
  return problem ? { problem } : { hash: await hashPassword(typed) }
}

/** The password as it may be stored. Throws RangeError when there is a problem with it; see `wantedPassword`. */
export async function hashPassword(password: string): Promise<string> {
  const problem = passwordProblem(password)
  if (problem) throw new RangeError(flawInEnglish(problem))
  return hash(password.normalize('NFKC'), argon2id)
}

/**
 * Whether this is the password that was stored. With no stored hash it verifies against a dummy and says no: an
 * account that is not there costs the same time as one that is.
 */
export async function isPassword(password: string, stored: string | null): Promise<boolean> {
  // What could never have been stored is not worth hashing; the text is the caller's own, so nothing is learnt.
  const possible = passwordProblem(password) === undefined
  const matches = await verify(stored ?? dummy, possible ? password.normalize('NFKC') : '').catch(() => false)
  return matches && possible && stored !== null
}

/** A hash with the same cost, made from 32 random bytes that nobody kept. */
const dummy =
  '$argon2id$v=19$m=19456,t=2,p=1$VJJrwxNwBs4UfLgGh0vSdA$nLFNK5TQ3CUH+39WkF4pNZIRehMLq+thcGKFvDzeEGk'
