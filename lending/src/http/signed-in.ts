import type { IncomingHttpHeaders } from 'node:http'
import type { Operation } from '@bibby/guard/operation.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { scanned } from '../circulation/scanned.ts'
import type { Library } from '../library.ts'
import { erasePatron } from '../operations/erase-patron.ts'
import { type SignedIn, session, signOut, signOutEverywhere } from '../staff/session.ts'
import type { App } from './app.ts'

/** The cookie that carries a page's session. */
export const sessionCookie = 'bibby_session'

/**
 * Another process may still honour a session this long after it was ended here. On this process it ends at
 * once.
 */
const rememberedForMs = 5_000
/** How many sessions one process remembers; past it the oldest is looked up again. */
const rememberedMax = 10_000
/** Longer than any token we make: what is longer is not looked up. */
const tokenLengthMax = 200

/** Who is behind a token, remembered for some seconds so that a desk in full swing asks the database rarely. */
export type Sessions = {
  /** Who this token stands for. */
  readonly of: (token: string) => SignedIn | undefined | Promise<SignedIn | undefined>
  /** The actor, if this process saw the token lately; never asks the database. */
  readonly actorSeen: (token: string) => string | undefined
  readonly end: (token: string) => Promise<void>
  /** Ends every session of this person, on this process at once. */
  readonly endAll: (who: SignedIn) => Promise<void>
  /** Makes this process look the person's sessions up again, after their role or password changed. */
  readonly forget: (actor: string) => void
  /** The same, by the login of a member of staff. */
  readonly forgetStaff: (login: string) => void
  /** The same, of the patron whom this operation erased, if it is one that does. */
  readonly forgetErased: (operation: Pick<Operation, 'name' | 'arguments'>) => void
}

/** Opens the memory of sessions of this process. */
export function openSessions({ db, clock }: Pick<Library, 'db' | 'clock'>): Sessions {
  const seen = new Map<string, { readonly who: SignedIn; readonly until: number }>()
  // Sessions may end while one is looked up: what was read before that is not remembered after it.
  let ends = 0
  const forgetAll = (isMeant: (who: SignedIn) => boolean): void => {
    ends += 1
    for (const [token, { who }] of seen) if (isMeant(who)) seen.delete(token)
  }
  const forget = (actor: string): void => forgetAll((who) => who.actor === actor)
  const remember = (token: string, who: SignedIn): void => {
    seen.delete(token)
    const oldest = seen.size >= rememberedMax ? seen.keys().next().value : undefined
    if (oldest !== undefined) seen.delete(oldest)
    seen.set(token, { who, until: performance.now() + rememberedForMs })
  }
  const lookUp = async (token: string): Promise<SignedIn | undefined> => {
    const before = ends
    const who = await session(db, token, clock())
    if (!who) seen.delete(token)
    else if (ends === before) remember(token, who)
    return who
  }
  return {
    of: (token) => {
      if (token.length > tokenLengthMax) return undefined
      const known = seen.get(token)
      return known && known.until > performance.now() ? known.who : lookUp(token)
    },
    actorSeen: (token) => seen.get(token)?.who.actor,
    end: async (token) => {
      seen.delete(token)
      await signOut(db, token)
      ends += 1
      seen.delete(token)
    },
    endAll: async (who) => {
      forget(who.actor)
      await signOutEverywhere(db, who)
      forget(who.actor)
    },
    forget,
    forgetStaff: (login) => {
      const meant = login.trim().toLowerCase()
      forgetAll((who) => who.kind === 'staff' && who.login === meant)
    },
    forgetErased: ({ name, arguments: { card } }) => {
      if (name === erasePatron.name)
        forgetAll((who) => who.kind === 'patron' && who.card === scanned(String(card)))
    },
  }
}

/** The token that came with a request: a bearer token on the API, the cookie elsewhere, never the other way. */
export function tokenOf(request: FastifyRequest): string | undefined {
  return isApi(request) ? bearerOf(request.headers) : request.cookies[sessionCookie]
}

/** The bearer token in these headers. */
export function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return authorization?.startsWith('Bearer ') ? authorization.slice('Bearer '.length).trim() : undefined
}

/**
 * Whether the request is for the API rather than for a page. The route that was found says it: an address may be
 * written in other ways, as `/%61pi/v1/me`, and would bring a page's cookie to a door without CSRF tokens.
 */
export function isApi({ routeOptions, url }: FastifyRequest): boolean {
  return isApiPath(routeOptions.url ?? url)
}

/** Whether this path is of the API: all below `/api/`, and the two of deleting all books. */
export function isApiPath(path: string): boolean {
  return path.startsWith('/api/') || path.startsWith('/admin/books/')
}

/** Signs a browser in: `signIn` gave the token. */
export function signInBrowser(
  reply: FastifyReply,
  { token, expiresAt }: { readonly token: string; readonly expiresAt: string | Date },
): void {
  reply.setCookie(sessionCookie, token, {
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: 'auto',
    expires: new Date(expiresAt),
  })
}

/** Signs a browser out, on the server and in its cookie. */
export async function signOutBrowser(app: App, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const token = request.cookies[sessionCookie]
  if (token) await app.sessions.end(token)
  reply.clearCookie(sessionCookie, { path: '/' })
}
