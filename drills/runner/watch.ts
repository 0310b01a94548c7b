import type { Lab } from './drill.ts'

/** Looks at a quantity again and again until closed, and draws it. The last look is at the end. */
export function watch(
  lab: Lab,
  series: string,
  { everyMs, look }: { everyMs: number; look: () => Promise<number> },
): { readonly close: () => Promise<void> } {
  let underWay: Promise<void> | undefined
  const once = async () => lab.measure(series, await look())
  const timer = setInterval(() => {
    // One look at a time: a slow database must not be asked ever more.
    underWay ??= once()
      .catch(() => undefined)
      .finally(() => {
        underWay = undefined
      })
  }, everyMs)
  lab.atTheEnd(async () => clearInterval(timer))
  return {
    close: async () => {
      clearInterval(timer)
      await underWay
      await once()
    },
  }
}
