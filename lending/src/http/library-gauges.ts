import { Counter, Gauge, type Registry } from '@prometheus-io/client'
import { backupFigures } from '../backups/figures.ts'
import type { Library } from '../library.ts'
import { fence } from '../postgres/fence.ts'

/** Adds what is not counted here but looked up when somebody asks: pools, jobs, halts, backups, notices, the build. */
export function addLibraryGauges(registry: Registry, library: Library): void {
  addPoolGauges(registry, library)
  addJobGauge(registry, library)
  addBuildGauge(registry, library)
  addNoticeFigures(registry, library)
  addHaltGauge(registry, library)
  addBackupGauges(registry, library)
}

function addPoolGauges(registry: Registry, library: Library): void {
  new Gauge({
    name: 'bibby_pool_connections',
    help: 'Connections to the database by pool and state; waiting are callers without one.',
    labelNames: ['pool', 'state'],
    registers: [registry],
    collect() {
      for (const [pool, db] of Object.entries(library.pools)) {
        for (const [state, count] of Object.entries(db.counts())) this.set({ pool, state }, count)
      }
    },
  })
}

function addJobGauge(registry: Registry, { threads }: Library): void {
  new Gauge({
    name: 'bibby_jobs',
    help: 'Jobs on threads: exports, previews, imports of patrons, verifications of the audit chain.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(threads.counts())) this.set({ state }, count)
    },
  })
}

/** What is halted, by verb; `all` is every write. Absent where the database does not say. */
function addHaltGauge(registry: Registry, { db }: Library): void {
  new Gauge({
    name: 'bibby_halted',
    help: '1 while writes are stopped (verb "all") or those of one verb are halted.',
    labelNames: ['verb'],
    registers: [registry],
    async collect() {
      this.reset()
      const stands = await fence(db).catch(() => undefined)
      if (!stands) return
      this.set({ verb: 'all' }, stands.mode === 'normal' ? 0 : 1)
      for (const verb of Object.keys(stands.haltedVerbs)) this.set({ verb }, 1)
    },
  })
}

/** How it goes with backups. A time of 0 is never: there from the start, so that an alert on its age is right. */
function addBackupGauges(registry: Registry, { backups }: Library): void {
  if (backups === undefined) return
  const registers = [registry]
  new Gauge({
    name: 'bibby_backup_newest_proven_timestamp_seconds',
    help: 'The moment that the newest backup holds that was restored and compared; 0 where there is none.',
    registers,
    async collect() {
      this.set((await backupFigures(backups)).newestProven)
    },
  })
  new Gauge({
    name: 'bibby_backup_last_run_timestamp_seconds',
    help: 'When a backup was last begun, by what became of it; 0 is never.',
    labelNames: ['outcome'],
    registers,
    async collect() {
      const { lastRun } = await backupFigures(backups)
      for (const [outcome, at] of Object.entries(lastRun)) this.set({ outcome }, at)
    },
  })
  new Gauge({
    name: 'bibby_backup_recovery_seconds',
    help: 'How long it took to restore the newest proven backup into an empty server and compare it.',
    registers,
    async collect() {
      this.set((await backupFigures(backups)).recoverySeconds)
    },
  })
}

function addNoticeFigures(registry: Registry, { noticeFigures: figures }: Library): void {
  const registers = [registry]
  new Counter({
    name: 'bibby_notice_tries_total',
    help: 'Letters given to the notice service by this process, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers,
    collect() {
      this.reset()
      for (const [kind, outcomes] of Object.entries(figures.tries)) {
        for (const [outcome, count] of Object.entries(outcomes)) this.inc({ kind, outcome }, count)
      }
    },
  })
  new Gauge({
    name: 'bibby_notices',
    help: 'Notices that wait: queued ones for the sender, dead ones for a person.',
    labelNames: ['kind', 'state'],
    registers,
    collect() {
      for (const [kind, { queued, dead }] of Object.entries(figures.queue)) {
        this.set({ kind, state: 'queued' }, queued)
        this.set({ kind, state: 'dead' }, dead)
      }
    },
  })
  new Gauge({
    name: 'bibby_notice_oldest_seconds',
    help: 'Age of the oldest queued notice.',
    labelNames: ['kind'],
    registers,
    collect() {
      for (const [kind, { oldestSeconds }] of Object.entries(figures.queue)) this.set({ kind }, oldestSeconds)
    },
  })
  new Gauge({
    name: 'bibby_notice_ledger_difference',
    help: 'By how many notices the ledger and the rows disagree. Anything but 0: somebody went past Bibby.',
    registers,
    collect() {
      this.set(figures.ledgerDifference)
    },
  })
  new Gauge({
    name: 'bibby_notices_over_run',
    help: 'Notices that were due in the last run and over the most that it may cause.',
    registers,
    collect() {
      this.set(figures.overRunMax)
    },
  })
}

function addBuildGauge(registry: Registry, { version, commit, instance }: Library): void {
  new Gauge({
    name: 'bibby_build_info',
    help: 'Always 1; its labels say which Bibby this is.',
    labelNames: ['version', 'commit', 'instance'],
    registers: [registry],
  }).set({ version, commit, instance }, 1)
}
