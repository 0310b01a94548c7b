import { readFileSync } from 'node:fs'

/** Processor times since the machine started, in ticks: all of them, and those that the host gave to somebody else. */
type Ticks = { readonly all: number; readonly stolen: number }

/**
 * From now until it is asked: the share of the processors' time (0 to 1) that the host of a virtual machine gave to
 * others, or nothing where the system does not tell. A figure beside a large one says little. Source: proc(5), `steal`.
 */
export function stolenFromNow(): () => number | undefined {
  const before = ticks()
  return () => {
    const after = ticks()
    if (!before || !after) return undefined
    return (after.stolen - before.stolen) / Math.max(1, after.all - before.all)
  }
}

function ticks(): Ticks | undefined {
  if (process.platform !== 'linux') return undefined
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n')
  // user nice system idle iowait irq softirq steal; the two behind are counted in the first two.
  const each = line.split(/\s+/).slice(1, 9).map(Number)
  return { all: each.reduce((sum, one) => sum + one, 0), stolen: each[7] ?? 0 }
}
