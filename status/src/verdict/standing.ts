/** What one asking found. `unknown`: our own network or machine was at fault, so nothing was learned. */
export type Outcome = 'ok' | 'slow' | 'failed' | 'unknown'

/** One asking of one prober. Times are milliseconds since 1970. */
export type Sample = { readonly at: number; readonly outcome: Outcome; readonly detail: string }

/** How one probe stands in the eyes of one prober. */
export type Standing = 'up' | 'slow' | 'down' | 'unknown'

/** When a standing changes. */
export type Rules = {
  /** So many failures, one after the other, are down; so many slow answers are slow. */
  readonly downAfter: number
  /** So many successes, one after the other, are up again. */
  readonly upAfter: number
  /** So many changes between up and down are flapping. */
  readonly flapsMost: number
  /** What is older than this says nothing of now. */
  readonly freshMs: number
}

/** How it stands, and the words of the sample that says so. */
export type Seen = { readonly standing: Standing; readonly detail: string }

type Course = {
  is: Standing
  failures: number
  successes: number
  slows: number
  quicks: number
  flaps: number
  lastSuccess: Sample | undefined
  lastFailure: Sample | undefined
}

/** Judges the samples of one probe by one prober, oldest first. Nothing is up without a fresh success. */
export function standingOf(samples: readonly Sample[], rules: Rules, now: number): Seen {
  const course: Course = {
    is: 'unknown',
    failures: 0,
    successes: 0,
    slows: 0,
    quicks: 0,
    flaps: 0,
    lastSuccess: undefined,
    lastFailure: undefined,
  }
  let before: Sample | undefined
  for (const sample of samples) {
    if (sample.outcome === 'unknown') continue
    if (before && sample.at - before.at > rules.freshMs) forget(course, rules)
    if (sample.outcome === 'failed') fail(course, sample, rules)
    else succeed(course, sample, rules)
    before = sample
  }
  return seenNow(course, rules, now)
}

/** After a hole nothing is known; but what was down and fails at once is down still. */
function forget(course: Course, { downAfter }: Rules): void {
  course.failures = course.is === 'down' ? downAfter - 1 : 0
  Object.assign(course, { is: 'unknown', successes: 0, slows: 0, quicks: 0, flaps: 0 })
}

function fail(course: Course, sample: Sample, { downAfter }: Rules): void {
  course.lastFailure = sample
  course.failures += 1
  Object.assign(course, { successes: 0, slows: 0, quicks: 0 })
  if (course.failures < downAfter || course.is === 'down') return
  if (course.is !== 'unknown') course.flaps += 1
  course.is = 'down'
}

function succeed(course: Course, sample: Sample, { downAfter, upAfter }: Rules): void {
  course.lastSuccess = sample
  course.successes += 1
  course.failures = 0
  course.slows = sample.outcome === 'slow' ? course.slows + 1 : 0
  course.quicks = sample.outcome === 'slow' ? 0 : course.quicks + 1
  if (course.is === 'down' && course.successes >= upAfter) {
    course.is = 'up'
    course.flaps += 1
  }
  if (course.is === 'unknown') course.is = 'up'
  if (course.is === 'up' && course.slows >= downAfter) course.is = 'slow'
  if (course.is === 'slow' && course.quicks >= upAfter) course.is = 'up'
}

function seenNow(course: Course, { freshMs, flapsMost }: Rules, now: number): Seen {
  const proof = course.is === 'down' ? course.lastFailure : course.lastSuccess
  if (course.is === 'unknown' || !proof || Math.abs(now - proof.at) > freshMs) {
    return { standing: 'unknown', detail: 'Nothing was heard lately.' }
  }
  if (course.is !== 'down' && course.flaps >= flapsMost)
    return { standing: 'slow', detail: 'It comes and goes.' }
  return { standing: course.is, detail: course.is === 'up' ? '' : proof.detail }
}
