/** In how many parts a window slides. */
export const windowParts = 10

type Part = { number: number; calls: number; failed: number }

/** Counts what happened lately. What is older than the window never counts, however few calls there are. */
export function timeWindow(windowMs: number) {
  const partMs = windowMs / windowParts
  const parts: readonly Part[] = Array.from({ length: windowParts }, () => ({
    number: Number.NEGATIVE_INFINITY,
    calls: 0,
    failed: 0,
  }))

  return {
    add(now: number, isFailed: boolean): void {
      const number = Math.floor(now / partMs)
      const part = parts[number % windowParts] as Part
      if (part.number !== number) Object.assign(part, { number, calls: 0, failed: 0 })
      part.calls += 1
      if (isFailed) part.failed += 1
    },
    sum(now: number): { readonly calls: number; readonly failed: number } {
      const oldest = Math.floor(now / partMs) - windowParts + 1
      let [calls, failed] = [0, 0]
      for (const part of parts) {
        if (part.number < oldest) continue
        calls += part.calls
        failed += part.failed
      }
      return { calls, failed }
    },
    empty(): void {
      for (const part of parts) part.number = Number.NEGATIVE_INFINITY
    },
  }
}
