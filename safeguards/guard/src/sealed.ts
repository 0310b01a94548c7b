/** What each handle stands for. Only this package reads it: a handle that leaves has no door to what destroys. */
const sealed = new WeakMap<object, unknown>()

/** A handle that shows its name and nothing else. */
export function seal(name: string, contents: unknown): { readonly name: string } {
  const handle = Object.freeze({ name })
  sealed.set(handle, contents)
  return handle
}

/** What was sealed into this handle. */
export function unseal(handle: { readonly name: string }): unknown {
  const contents = sealed.get(handle)
  if (!contents) throw new Error(`"${handle.name}" was not declared by guarded().`)
  return contents
}
