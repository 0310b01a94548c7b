import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/** Crockford's base32: no I, L, O or U, which are misread or make words. */
const letters = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
/** Five bytes are forty bits are eight letters. */
const codeBytes = 5
const codeLetters = 8
/** A shorter secret could be guessed from what is stored. */
const secretBytesMin = 32

/** A new code of eight letters, each as likely as the other. */
export function newCode(): string {
  let bits = BigInt(`0x${randomBytes(codeBytes).toString('hex')}`)
  let code = ''
  for (let at = 0; at < codeLetters; at++) {
    code = (letters[Number(bits & 31n)] ?? '') + code
    bits >>= 5n
  }
  return code
}

/** What is kept of a code: it says nothing without the secret, and nothing about the code of another operation. */
export function codeHmac(secret: Uint8Array, operationId: string, code: string): Buffer {
  if (secret.length < secretBytesMin)
    throw new Error(`The secret must have at least ${secretBytesMin} bytes.`)
  return createHmac('sha256', secret)
    .update(`guard code\n${operationId}\n${asLetters(code)}`)
    .digest()
}

/** Whether this is the code that was sent, in a time that says nothing about how much of it was right. */
export function isCode(
  typed: string,
  { secret, operationId, hmac }: { secret: Uint8Array; operationId: string; hmac: Buffer },
): boolean {
  return timingSafeEqual(codeHmac(secret, operationId, typed), hmac)
}

/** As Crockford reads what people write: small letters, blanks and dashes, O for zero, I and L for one. */
function asLetters(typed: string): string {
  return typed.toUpperCase().replaceAll(/[\s-]/g, '').replaceAll('O', '0').replaceAll(/[IL]/g, '1')
}
