import {
  Format,
  type TAny,
  type TObject,
  type TProperties,
  type TSchema,
  Type,
} from '@fastify/type-provider-typebox'
import { hasControlCharacter } from '../text.ts'

// A line of text: well-formed, and no control character. Several lines: line feeds and tabs are fine too.
Format.Set('line', (value) => value.isWellFormed() && !hasControlCharacter(value))
Format.Set(
  'lines',
  (value) => value.isWellFormed() && !hasControlCharacter(value.replaceAll(/[\r\n\t]/g, '')),
)
// A day that is in the calendar: 2026-02-30 is not.
Format.Set('day', (value) => {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(value) || value < '1900') return false
  const at = new Date(`${value}T00:00:00Z`)
  return !Number.isNaN(at.getTime()) && at.toISOString().startsWith(value)
})

/** A line of text of at most `max` characters. */
export const line = (max: number, description?: string) =>
  Type.String({ maxLength: max, format: 'line', ...(description ? { description } : {}) })

/** A line of text that must not be empty. */
export const someLine = (max: number, description?: string) =>
  Type.String({ minLength: 1, maxLength: max, format: 'line', ...(description ? { description } : {}) })

/** Text of several lines. */
export const lines = (max: number) => Type.String({ maxLength: max, format: 'lines' })

/** An object that takes no other names than these. */
export const strict = <Of extends TProperties>(properties: Of): TObject<Of> =>
  Type.Object(properties, { additionalProperties: false })

/**
 * An object in an answer: these names at least. To TypeScript it is anything, because the verb's own type says
 * what it gives; the schema is for the description of the API, and to write JSON fast.
 */
export const answer = (properties: TProperties): TAny =>
  Type.Object(properties, { additionalProperties: true }) as unknown as TAny

/** Something, or null. */
export const orNull = <Of extends TSchema>(schema: Of) => Type.Union([schema, Type.Null()])

/** An identity: a whole number that JavaScript can hold exactly. */
export const id = Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER })
/** A card number, as it is scanned. */
export const card = someLine(64, 'Card number, as it is scanned')
/** A barcode, as it is scanned. */
export const barcode = someLine(64, 'Barcode, as it is scanned')
/** The code of a branch, a patron category or an item type. */
export const code = Type.String({ pattern: '^[a-z0-9][a-z0-9-]{0,31}$', maxLength: 32 })
/** A day, as `2026-11-22`. */
export const day = Type.String({ format: 'day', maxLength: 10 })
/** A moment, as ISO 8601. */
export const moment = Type.String({ format: 'date-time', maxLength: 40 })
/** An amount of money in whole cents. */
export const cents = Type.Integer({ minimum: 1, maximum: 100_000_000 })
/** The version that the caller read. */
export const version = Type.Integer({ minimum: 1, maximum: 2_147_483_647 })
/** A password that somebody is to have; what is wrong with it is for the verb to say. */
export const newPassword = Type.String({ minLength: 1, maxLength: 1_024 })
/** Why: in a few words. */
export const reason = lines(500)

/** A staff member goes past a rule, and says why. */
export const override = strict({
  reason,
  refusals: Type.Optional(Type.Array(code, { maxItems: 20 })),
})

/** Path of something with an identity. */
export const idInPath = strict({ id })
/** Path of a patron. */
export const cardInPath = strict({ card })
/** Path of a member of staff. */
export const loginInPath = strict({ login: someLine(64) })
/** Path of a branch. */
export const codeInPath = strict({ code })

/** For routes whose path says it all: no body, or an empty one. */
export const noBody = Type.Union([Type.Undefined(), Type.Null(), strict({})])
