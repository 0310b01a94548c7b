import type { Verb } from '../postgres/write.ts'

/** The codes with which a verb can refuse. */
type RefusalOf<Of> = Of extends Verb<infer _Ask, infer _Done, infer Refused> ? Refused['refused'] : never

/** What the doors themselves say no to, before any verb is asked. */
type AtTheDoor =
  | 'request-invalid'
  | 'request-timeout'
  | 'not-signed-in'
  | 'not-permitted'
  | 'form-stale'
  | 'not-found'
  | 'method-not-allowed'
  | 'not-acceptable'
  | 'body-too-large'
  | 'address-too-long'
  | 'media-type-unknown'
  | 'headers-too-large'
  | 'too-many-requests'
  | 'file-empty'

/** Every refusal that anybody can hear from Bibby. */
export type RefusalCode =
  | RefusalOf<typeof import('../circulation/lend.ts').lend>
  | RefusalOf<typeof import('../circulation/take-back.ts').takeBack>
  | RefusalOf<typeof import('../circulation/renew.ts').renew>
  | RefusalOf<typeof import('../circulation/hold.ts').placeHold>
  | RefusalOf<typeof import('../circulation/hold.ts').cancelHold>
  | RefusalOf<typeof import('../circulation/hold.ts').suspendHold>
  | RefusalOf<typeof import('../circulation/hold.ts').resumeHold>
  | AtTheDoor
  | 'key-reused'
  | 'sign-in-wrong'
  | 'sign-in-too-often'
