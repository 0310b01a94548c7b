/** What the counters of the library say: requests answered since its start, and those with a fault of its own. */
export type Counts = { readonly requests: number; readonly errors: number }

const metric = 'bibby_requests_total'
/** Asking how it goes is no use of the library, and who asks wrongly is told so by 4xx. */
const leftOut = /route="\/(?:actuator|metrics|assets)|class="4xx"/

/** Reads them from the text form of Prometheus. Undefined when the metric is not there. */
export function countsIn(text: string): Counts | undefined {
  let [requests, errors, found] = [0, 0, false]
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${metric}{`)) continue
    found = true
    const value = Number(
      line
        .slice(line.lastIndexOf('}') + 1)
        .trim()
        .split(' ')[0],
    )
    if (!Number.isFinite(value) || leftOut.test(line)) continue
    requests += value
    if (line.includes('class="5xx"')) errors += value
  }
  return found ? { requests, errors } : undefined
}
