/** How a component does, worst last but for the two that say that nothing is known or that it is meant. */
export type Verdict =
  | 'operational'
  | 'degraded'
  | 'partial-outage'
  | 'major-outage'
  | 'unknown'
  | 'maintenance'

/** One day of one component, by UTC. Times are milliseconds of that day, as far as it is over. */
export type Day = {
  /** `YYYY-MM-DD`. */
  readonly day: string
  /** The worst of the day; `unknown` when nothing was measured. */
  readonly worst: Verdict
  readonly degradedMs: number
  readonly partialMs: number
  readonly majorMs: number
  readonly unknownMs: number
  readonly maintenanceMs: number
}

/** How long answers took in one slice of time. Null where there was none. */
export type Response = {
  /** Start of the slice, ISO, UTC. */
  readonly at: string
  readonly p50Ms: number | null
  readonly p95Ms: number | null
}

/** One part of what is watched. */
export type Component = {
  /** Stable and safe in an address: lower case, digits, dashes. */
  readonly id: string
  readonly name: string
  readonly description: string
  readonly verdict: Verdict
  /** Since when it is so; null when it was never measured. ISO, UTC. */
  readonly since: string | null
  /** One sentence for a reader, such as `2 of 3 probes get no answer.`; empty when all is well. */
  readonly because: string
  /** The latest 90 days, oldest first. */
  readonly days: readonly Day[]
  /** Of the measured time of those days, maintenance left out; null when nothing was measured. 0 to 100. */
  readonly uptimePercent: number | null
  /** The latest 24 hours in slices of 15 minutes, oldest first: 96. */
  readonly responses: readonly Response[]
}

/** How far an incident has come. */
export type IncidentState = 'investigating' | 'identified' | 'monitoring' | 'resolved'

/** What a person wrote at one moment. */
export type Update<State> = { readonly at: string; readonly state: State; readonly text: string }

/** Something that goes or went wrong, in the words of the operator. Updates: newest first. */
export type Incident = {
  readonly id: string
  readonly title: string
  readonly impact: 'minor' | 'major' | 'critical'
  readonly state: IncidentState
  readonly openedAt: string
  readonly resolvedAt: string | null
  /** Ids of components. */
  readonly components: readonly string[]
  readonly updates: readonly Update<IncidentState>[]
}

/** How far a maintenance has come. */
export type MaintenanceState = 'scheduled' | 'in-progress' | 'completed' | 'cancelled'

/** Planned work. Updates: newest first. */
export type Maintenance = {
  readonly id: string
  readonly title: string
  readonly state: MaintenanceState
  readonly from: string
  readonly to: string
  readonly components: readonly string[]
  readonly updates: readonly Update<MaintenanceState>[]
}

/** All that the page tells, at one moment. */
export type Summary = {
  readonly page: {
    /** Such as `Millbrook Library status`. */
    readonly name: string
    /** Where this page is served, without a slash at the end; empty when not set. */
    readonly url: string
    /** What is watched, for readers. */
    readonly libraryUrl: string
    /** When this was written, ISO, UTC. */
    readonly writtenAt: string
    /** Older than this the reader's browser says that it is stale. */
    readonly staleAfterMs: number
    /** Where a reader may subscribe; empty when nowhere. */
    readonly subscribeUrl: string
  }
  readonly overall: Verdict
  readonly components: readonly Component[]
  /** Open ones first, then the resolved of the latest 90 days; newest first. */
  readonly incidents: readonly Incident[]
  /** Those to come and in progress first, then the past 90 days. */
  readonly maintenances: readonly Maintenance[]
  /** What this page shares with what it watches, as sentences: the reader may judge. */
  readonly shares: readonly string[]
  /** Probers that report here, and when they last did; null is never. */
  readonly probers: readonly {
    readonly name: string
    readonly lastAt: string | null
    readonly isSilent: boolean
  }[]
}
