import { Type } from '@fastify/type-provider-typebox'
import { answer, orNull } from '../fields.ts'

const text = Type.String()
const number = Type.Integer()

/** A loan that was made. */
export const lentShape = answer({
  loanId: number,
  copyId: number,
  titleId: number,
  patronId: number,
  barcode: text,
  card: text,
  title: text,
  patronName: text,
  lentAt: text,
  dueAt: text,
  rule: answer({ id: number, why: text }),
  overridden: Type.Array(text),
})

/** Where a copy goes: `shelf`, `hold-shelf`, `transit` or `withdrawn`, with what belongs to it. */
export const nextShape = answer({ to: text })

/** A copy that came back. */
export const takenBackShape = answer({
  copyId: number,
  titleId: number,
  barcode: text,
  title: text,
  loanId: orNull(number),
  patronId: orNull(number),
  patronName: orNull(text),
  fineCents: number,
  wasMissing: Type.Optional(Type.Literal(true)),
  next: nextShape,
})

/** A loan that was renewed. */
export const renewedShape = answer({
  loanId: number,
  copyId: number,
  titleId: number,
  title: text,
  dueAt: text,
  renewals: number,
  renewalsMax: number,
})
