import type { RestorePlan } from '@bibby/lending/backups/restore-plan.ts'
import type { InForce, RestoreState } from '@bibby/lending/backups/restore-state.ts'
import { shellWord } from '@bibby/lending/backups/shell-word.ts'
import { type Command, InvalidArgumentError } from 'commander'
import { type Out, table } from './out.ts'
import { onThisMachine } from './this-machine.ts'

/** Exit code of a verb that only told what to type. */
const nothingDone = 3

/** restore plan, run, status, resume, bundle, purge: planned, confirmed by a phrase, beside the live data. */
export function restoreVerbs(program: Command, out: () => Out): void {
  const restore = program.command('restore').description('going back to a backup, or to any second since one')
  restore
    .command('plan')
    .description(
      'tell what going back would give up; touches nothing and exits 3, for a person has to type the phrase',
    )
    .argument(
      '[backup]',
      'default: the newest proven, with --to the newest before it; one of a history that was given up only by its name',
    )
    .option('--to <time>', 'a second that bibby backup list tells, such as 2026-03-02T10:15:00Z', time)
    .action(async (name: string | undefined, { to }: { to?: Date }) => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      tellPlan(say, await here.plan(name, to))
    })
  restore
    .command('run')
    .description(
      'go back as planned: with Bibby stopped, beside the live data, compared, then exchanged; the old is kept',
    )
    .argument('<plan>')
    .option('--phrase <words>', 'as the plan told it')
    .action(async (id: string, { phrase }: { phrase?: string }) => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      if (phrase === undefined) return tellPlan(say, await here.readPlan(id))
      say.answer(await here.restore(id, phrase), ({ old, to }) => [
        `The library is as of ${to}. What was before is kept: ${old}.`,
        'It sends no notices until somebody turns them on, and everybody signs in anew. Start Bibby, and look.',
      ])
    })
  ending(restore, program, out)
  restore
    .command('bundle')
    .description('set up a machine that has no library yet from a bundle; then start Bibby')
    .argument('<file>', 'as bibby backup bundle wrote it')
    .action(async (file: string) => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      say.answer({ to: await here.bundle(file) }, ({ to }) => [
        `The library is here as of ${to}, compared with what was backed up. It sends no notices until somebody turns them on.`,
        'Start Bibby: npm start',
      ])
    })
}

function ending(restore: Command, program: Command, out: () => Out): void {
  restore
    .command('status')
    .description('how far the last restore came, and which library is in force')
    .action(async () => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      say.answer({ restore: (await here.status()) ?? null }, ({ restore: state }) => inForce(state))
    })
  restore
    .command('resume')
    .description('bring a restore that was cut off to its end, or drop it where nothing was exchanged yet')
    .action(async () => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      say.answer({ done: (await here.resume()) ?? null }, ({ done }) => done ?? 'No restore was cut off.')
    })
  restore
    .command('purge')
    .description(
      'remove the library as it was before a restore, for good; without a phrase it tells what to type',
    )
    .argument('<plan>')
    .option('--phrase <words>', 'as it is told')
    .action(async (id: string, { phrase = '' }: { phrase?: string }) => {
      const say = out()
      const { restore: here } = await onThisMachine(program, say)
      await here.purge(id, phrase)
      say.answer({ purged: id }, () => 'It is gone.')
    })
}

function tellPlan(say: Out, plan: RestorePlan): void {
  const { losses } = plan
  say.answer(plan, () => [
    `From the backup ${plan.backup} to ${plan.to}${plan.timeline === null ? '' : ', by the log'}.`,
    ...(plan.isGivenUp ? ['That is of a history that was given up when the library was put back.'] : []),
    ...(losses === null
      ? ['The live library cannot be read: what would be lost cannot be told.']
      : [
          `Given up would be ${losses.entries} entries of the journal.`,
          ...table(losses.byAction.map(({ action, count }) => [String(count), action])),
          ...losses.samples,
        ]),
    'Nothing has changed. Stop Bibby, then type:',
    `bibby restore run ${plan.id} --phrase ${shellWord(plan.phrase)}`,
  ])
  process.exitCode = nothingDone
}

function inForce(state: (RestoreState & { readonly inForce: InForce }) | null): string {
  if (state === null) return 'Nothing was restored here. The library in force is the one that was made here.'
  const restore = `The restore ${state.id} of ${state.backup}`
  if (state.step === 'done') return `${restore} is done: in force is the library as of ${state.to}.`
  if (state.step === 'preparing') {
    return `${restore} is being prepared or was cut off: in force is the library as it was.`
  }
  return {
    new: `${restore} was cut off in the exchange. bibby restore resume, or a start, finishes it: then the library is as of ${state.to}.`,
    old: `${restore} was cut off before the exchange: in force is the library as it was. bibby restore resume, or a start, drops what was prepared.`,
    unknown: `${restore} was cut off at the exchange of the databases, and their server does not tell whether it is done. See that it runs and that BIBBY_DATABASE_URL names it, then ask again.`,
  }[state.inForce]
}

/** A time without a zone would be another second on another machine. */
function time(text: string): Date {
  const isWhole = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:\d{2})$/.test(text)
  if (isWhole && !Number.isNaN(Date.parse(text))) return new Date(text)
  throw new InvalidArgumentError('It must be a time with its zone, such as 2026-03-02T10:15:00Z.')
}
