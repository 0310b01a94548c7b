/** Something that must go on working, and what it needs for that. */
export type Part = {
  readonly name: string
  /** How much of it there is now: servers, copies, desks. */
  readonly units: number
  /** The least of it that must be left for its own sake. */
  readonly floor: number
  /** The parts that it stands on, with how much of each it cannot do without. */
  readonly needs: readonly { readonly part: string; readonly atLeast: number }[]
}

/** A part that would fail, and why: too little of itself, or of one that it stands on. */
export type Breach = {
  readonly part: string
  readonly of: string
  readonly wouldBe: number
  readonly atLeast: number
}

/**
 * What would fail if so many units of these parts went, and with it all that stands on what fails, however far away.
 * A part that fails counts as gone for those who need it. What has failed already is no reason: only what this
 * operation takes something from, or stands on such a part, is judged.
 */
export function breaches(parts: readonly Part[], losing: ReadonlyMap<string, number>): readonly Breach[] {
  const left = new Map(parts.map(({ name, units }) => [name, Math.max(0, units - (losing.get(name) ?? 0))]))
  const spoken = [...losing.keys(), ...parts.flatMap(({ needs }) => needs.map(({ part }) => part))]
  const unknown = spoken.find((name) => !left.has(name))
  if (unknown !== undefined) throw new Error(`"${unknown}" is spoken of and not declared.`)
  const touched = new Set([...losing].filter(([, units]) => units > 0).map(([name]) => name))
  const found = new Map<string, Breach>()
  // Each round fails at least one part more, or is the last.
  for (let round = 0; round <= parts.length; round++) {
    const failing = parts.flatMap((part) => {
      const breach = found.has(part.name) ? undefined : breachOf(part, left, touched)
      return breach ? [breach] : []
    })
    if (failing.length === 0) break
    for (const breach of failing) {
      found.set(breach.part, breach)
      left.set(breach.part, 0)
      touched.add(breach.part)
    }
  }
  return [...found.values()]
}

function breachOf(
  { name, floor, needs }: Part,
  left: ReadonlyMap<string, number>,
  touched: ReadonlySet<string>,
): Breach | undefined {
  const wants = [{ part: name, atLeast: floor }, ...needs]
  return wants
    .map(({ part, atLeast }) => ({ part: name, of: part, wouldBe: left.get(part) ?? 0, atLeast }))
    .find(({ of, wouldBe, atLeast }) => touched.has(of) && wouldBe < atLeast)
}
