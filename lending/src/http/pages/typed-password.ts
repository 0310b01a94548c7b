/** A password is taken as it was typed; it is hashed, never stored or shown. */
export function typedPassword(sent: unknown, name = 'password'): string {
  const typed = ((sent ?? {}) as Readonly<Record<string, unknown>>)[name]
  return typeof typed === 'string' ? typed.slice(0, 1_024) : ''
}
