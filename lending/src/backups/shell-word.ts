/** A text as one word of a shell, whatever is in it: a library may be called $(anything). */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
