import type { Cleanup, CutOff, InTrash, NotSeen, Plan, PutBack } from '@bibby/cleanup/cleanup.ts'
import { CleanupRefusedError } from '@bibby/cleanup/refusal.ts'
import { readConfig } from '@bibby/lending/config.ts'
import { StartError } from '@bibby/lending/start-error.ts'
import type { Command } from 'commander'
import type { Out } from './out.ts'
import { table } from './out.ts'
import { checked } from './service-verbs.ts'

/** Exit code of a plan that would be refused, and of every refusal. */
const refused = 3

type Work = (cleanup: Cleanup, out: Out, signal: AbortSignal) => Promise<void>

/**
 * cleanup mark, plan, run, resume; trash list, restore, purge. They work on the data folder of this machine, also while no
 * Bibby runs on it.
 */
export function cleanupVerbs(program: Command, outOf: () => Out): void {
  const act = async (work: Work) => {
    const out = outOf()
    if (program.opts<{ server?: string }>().server !== undefined) {
      throw new StartError(
        'BIBBY_SETTINGS_INVALID',
        'Files are cleaned up on the machine where they lie: leave --server out there.',
      )
    }
    const config = checked(readConfig())
    const { withCleanup } = await import('./cleanup-here.ts')
    await withCleanup(config, out, async (cleanup, signal) => {
      await work(cleanup, out, signal).catch((error: unknown) => {
        if (!(error instanceof CleanupRefusedError)) throw error
        out.talk(`${error.message} (${error.code})`)
        process.exitCode = refused
      })
    })
  }
  const cleanup = program
    .command('cleanup')
    .description('files of this machine that are no longer needed: moved to a trash that gives them back')
  running(cleanup, act)
  resuming(cleanup, act)
  trashed(program.command('trash').description('what cleanup has moved, for seven days at least'), act)
}

type Act = (work: Work) => Promise<void>

function running(cleanup: Command, act: Act): void {
  cleanup
    .command('mark')
    .description('say that a folder may be cleaned, once; look into it first')
    .argument('<root>', 'covers, exports, rejects or backups')
    .action((root: string) =>
      act(async (cleaning, out) =>
        out.answer(cleaning.mark(root), ({ name, host, environment }) => [
          `The root ${name} is marked, for ${host} in ${environment}.`,
          `Next: bibby cleanup plan ${name}`,
        ]),
      ),
    )
  cleanup
    .command('plan')
    .description('what would go, and why; moves nothing, exits 3 when it would be refused')
    .argument('<root>', 'covers, exports, rejects or backups')
    .action((root: string) =>
      act(async (cleaning, out) => {
        const plan = await cleaning.plan(root)
        if (plan.refusal) process.exitCode = refused
        out.answer(plan, planInWords)
      }),
    )
  cleanup
    .command('run')
    .description('move what a plan names into the trash')
    .argument('<digest>', 'of the plan, as it was printed: nothing else is taken')
    .option('--confirm <phrase>', 'in production: the phrase of the plan')
    .action((digest: string, { confirm }: { confirm?: string }) =>
      act(async (cleaning, out, signal) => {
        const ran = await cleaning.run(digest, { phrase: confirm, signal })
        out.answer(ran, ({ run, moved, bytes, left }) => [
          `${count(moved)} files (${size(bytes)}) are in the trash of ${ran.root}. All is well without them.`,
          ...(left.length > 0
            ? [`Left where they were, for they changed meanwhile: ${left.join(', ')}.`]
            : []),
          `Back again: bibby trash restore ${run}`,
        ])
      }),
    )
}

function resuming(cleanup: Command, act: Act): void {
  cleanup
    .command('resume')
    .description('runs that were cut off, and where their files are; with --back, puts those of one back')
    .argument('[run]', 'which')
    .option('--back', 'put everything back')
    .action((run: string | undefined, { back }: { back?: true }, command: Command) => {
      if ((run === undefined) !== (back === undefined))
        command.error('error: name a run and say --back, or neither.')
      return act(async (cleaning, out) => {
        if (run !== undefined) return out.answer(await cleaning.resume(run), backInWords)
        out.answer(cleaning.cutOff(), ({ runs, notSeen }) => [
          ...(runs.length === 0 ? ['No run was cut off.'] : runs.flatMap(cutInWords)),
          ...notSeen.map(notSeenInWords),
        ])
      })
    })
}

function trashed(trash: Command, act: Act): void {
  trash
    .command('list')
    .description('what lies in the trash, since when and how long still')
    .action(() =>
      act(async (cleaning, out) =>
        out.answer(cleaning.trash(), ({ runs, notSeen }) => [
          ...(runs.length === 0 ? ['The trash is empty.'] : table(runs.map(trashRow))),
          ...notSeen.map(notSeenInWords),
        ]),
      ),
    )
  trash
    .command('restore')
    .description('put the files of a run back where they were; writes over nothing')
    .argument('<run>', 'as trash list tells it')
    .action((run: string) =>
      act(async (cleaning, out) => out.answer(await cleaning.restore(run), backInWords)),
    )
  trash
    .command('purge')
    .description(
      'take the files of a run away for good: after seven days, when all is well and Bibby was started since',
    )
    .argument('<run>', 'as trash list tells it')
    .action((run: string) =>
      act(async (cleaning, out) =>
        out.answer(await cleaning.purge(run), ({ purged, bytes, changed }) => [
          `${count(purged)} files (${size(bytes)}) are gone for good.`,
          ...(changed.length > 0
            ? [`Left in the trash, for they were written to there: ${changed.join(', ')}.`]
            : []),
        ]),
      ),
    )
}

const count = (n: number) => n.toLocaleString('en')
const size = (bytes: number) =>
  new Intl.NumberFormat('en', {
    notation: 'compact',
    style: 'unit',
    unit: 'byte',
    unitDisplay: 'narrow',
    maximumFractionDigits: 1,
  }).format(bytes)
const day = (iso: string | null) => iso?.slice(0, 10) ?? '–'

function planInWords(plan: Plan): string[] {
  const left = Object.entries(plan.left).filter(([, found]) => found > 0)
  return [
    `${plan.root}: ${count(plan.files)} files, ${size(plan.bytes)}, would go; ${count(plan.stay.files)}, ${size(plan.stay.bytes)}, stay.`,
    ...Object.entries(plan.reasons).map(([reason, files]) => `  ${count(files)}: ${reason}`),
    ...(plan.files > 0
      ? [`Last written to between ${day(plan.oldest)} and ${day(plan.newest)}, such as:`]
      : []),
    ...plan.samples.map((sample) => `  ${sample}`),
    ...(left.length > 0
      ? [
          `Never moved: ${left.map(([what, found]) => `${count(found)} ${leftInWords[what as keyof typeof leftInWords]}`).join(', ')}.`,
        ]
      : []),
    plan.refusal
      ? `It would be refused (${plan.refusal.code}): ${plan.refusal.because}`
      : `Nothing was moved. Next: bibby cleanup run ${plan.digest.slice(0, 16)}`,
    ...(plan.refusal ? [] : [`In production: --confirm '${plan.phrase}'`]),
  ]
}

const leftInWords: Readonly<Record<keyof Plan['left'], string>> = {
  links: 'links',
  specials: 'pipes, sockets and devices',
  hardLinked: 'files that have a second name',
  ofOthers: 'files of other users',
  mounts: 'mounts',
  unreadable: 'folders that cannot be read',
}

function cutInWords({ root, run, state, files, inPlace, inTrash, elsewhere }: CutOff): string[] {
  return [
    `${run} of ${root} (${state}): of ${count(files)} files ${count(inPlace)} are in their place and ${count(inTrash)} in the trash.`,
    ...(elsewhere.length > 0 ? [`  In neither, or another is in their place: ${elsewhere.join(', ')}.`] : []),
    state === 'purging' ? `  Next: bibby trash purge ${run}` : `  Next: bibby cleanup resume ${run} --back`,
  ]
}

function backInWords({ back, stayed, missing, purged }: PutBack): string[] {
  return [
    `${count(back)} files were put back.`,
    ...(stayed.length > 0 ? [`In the trash still, for their place is taken: ${stayed.join(', ')}.`] : []),
    ...(missing.length > 0
      ? [`In neither place, for somebody else took them away: ${missing.join(', ')}.`]
      : []),
    ...(purged.length > 0 ? [`Purged, and gone for good: ${purged.join(', ')}.`] : []),
  ]
}

function trashRow({ root, run, state, files, bytes, days, purgeInDays, because }: InTrash): string[] {
  const until =
    state !== 'done' ? state : purgeInDays === null ? 'may be purged' : `stays ${purgeInDays} days more`
  return [
    run,
    root,
    `${count(files)} files`,
    size(bytes),
    `${days} days`,
    because ? `${until} (${because})` : until,
  ]
}

const notSeenInWords = ({ because }: NotSeen) => `Not looked at: ${because}`
