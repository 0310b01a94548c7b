import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import { type AnswerCode, answers } from './answers.ts'
import type { Memory } from './memory.ts'
import type { Turns } from './turns.ts'

/** What became of a notice, as it is counted. */
export type CountedOutcome = 'sent' | 'repeated' | AnswerCode

/** The figures of one service. */
export type Metrics = {
  readonly answered: (outcome: CountedOutcome, seconds: number) => void
  /** All of it, in Prometheus’s text form. */
  readonly text: () => Promise<{ readonly type: string; readonly body: string }>
}

/** Seconds; a mail server may take minutes for its last word. */
const buckets = [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 120]

/** Starts counting; every series is there at 0 from the start, so that a rate over its first event is right. */
export function countNotices({ memory, turns }: { memory: Memory; turns: Turns }): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const outcomes = new Counter({
    name: 'bibby_notice_answers_total',
    help: 'Notices asked for, by what became of them.',
    labelNames: ['outcome'],
    registers: [registry],
  })
  for (const outcome of ['sent', 'repeated', ...Object.keys(answers)]) outcomes.inc({ outcome }, 0)
  const seconds = new Histogram({
    name: 'bibby_notice_seconds',
    help: 'Time from a notice to its answer, the mail server’s included.',
    buckets,
    registers: [registry],
  })
  new Gauge({
    name: 'bibby_notice_turns',
    help: 'Notices being sent, and notices waiting for that.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(turns.counts())) this.set({ state }, count)
    },
  })
  new Gauge({
    name: 'bibby_notice_remembered_ids',
    help: 'Ids that a mail server was given something for, of the last 30 days.',
    registers: [registry],
    collect() {
      this.set(memory.size())
    },
  })
  return {
    answered: (outcome, took) => {
      outcomes.inc({ outcome })
      seconds.observe(took)
    },
    text: async () => ({ type: registry.contentType, body: await registry.metrics() }),
  }
}
