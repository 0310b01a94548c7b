/** Results go to stdout, talk to stderr. */
export type Voice = {
  readonly say: (line: string) => void
  readonly warn: (line: string) => void
}

const sameEachMs = 60_000
const keptMost = 200

/** A voice that does not say the same trouble again and again: once a minute is enough. */
export function patient(voice: Voice, clock: () => number): Voice {
  const said = new Map<string, number>()
  return {
    say: voice.say,
    warn: (line) => {
      const now = clock()
      if (Math.abs(now - (said.get(line) ?? Number.NEGATIVE_INFINITY)) < sameEachMs) return
      if (said.size >= keptMost) said.clear()
      said.set(line, now)
      voice.warn(`${new Date(now).toISOString()} ${line}`)
    },
  }
}
