import type { FastifyRequest } from 'fastify'
import { branches } from '../circulation/places.ts'
import type { Library } from '../library.ts'
import { RefusedAtTheDoorError } from './errors.ts'

/** How long a branch's code is taken to mean the same branch without asking. */
const rememberedMs = 5_000
const remembered = new WeakMap<Library, { ids: ReadonlyMap<string, number>; until: number }>()

/** The identity of a branch from its code. Unknown codes are looked up again once, so a new branch works at once. */
export async function branchIdOf(library: Library, code: string): Promise<number> {
  const known = remembered.get(library)
  if (known && known.until > performance.now()) {
    const found = known.ids.get(code)
    if (found !== undefined) return found
  }
  const ids = new Map((await branches(library.db)).map((branch) => [branch.code, branch.branchId]))
  remembered.set(library, { ids, until: performance.now() + rememberedMs })
  const found = ids.get(code)
  if (found === undefined) throw new RefusedAtTheDoorError('branch-unknown', { branch: code })
  return found
}

/** The branch that a request names, or the one where who asks works. */
export async function branchAsked(
  library: Library,
  request: FastifyRequest,
  code: string | undefined,
): Promise<number> {
  if (code !== undefined) return branchIdOf(library, code)
  if (request.who) return request.who.branchId
  throw new RefusedAtTheDoorError('request-invalid', {}, 'Name a branch.')
}
