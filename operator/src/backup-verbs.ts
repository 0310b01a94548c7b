import { type LeftOut, toldLeftOut } from '@bibby/lending/backups/left-out.ts'
import type { Backup } from '@bibby/lending/backups/place.ts'
import type { Command } from 'commander'
import type { Out } from './out.ts'
import { table } from './out.ts'
import { onThisMachine } from './this-machine.ts'

/** Exit code when the tables are proven, but the log is not: something broke, and whoever watches the code is to hear of it. */
const partUnproven = 1

/** backup run, list, verify, prune, bundle: on the machine where the data lies, beside a Bibby that runs or without. */
export function backupVerbs(program: Command, out: () => Out): void {
  const backup = program
    .command('backup')
    .description('copies of the library that were restored and compared')
  backup
    .command('run')
    .description(
      'take a backup now, restore it into a throwaway server and compare; only then it counts; exits 1 when the log could not be proven',
    )
    .action(async () => {
      const say = out()
      const { backups } = await onThisMachine(program, say)
      const ran = await backups.run()
      say.answer(told(ran), (taken) => [
        `The backup ${taken.name} is ${taken.state}: ${size(taken.bytes)}, restored in ${taken.recoverySeconds} s.`,
        anySecond(taken),
        ...(taken.coversLeftOut ? [toldLeftOut(taken.coversLeftOut)] : []),
      ])
      if (!ran.isWhole) process.exitCode = partUnproven
    })
  listing(backup, program, out)
  backup
    .command('verify')
    .description(
      'read a backup through, restore it again and compare; one that is not the same counts no more; exits 1 when the log could not be proven',
    )
    .argument('[backup]', 'default: the newest')
    .action(async (name: string | undefined) => {
      const say = out()
      const { backups } = await onThisMachine(program, say)
      const { isWhole, ...proof } = await backups.verify(name)
      say.answer(proof, ({ recoverySeconds, baseBecause }) => [
        `It came back as it was backed up, in ${recoverySeconds} s.`,
        baseBecause === null
          ? 'The log was played back too: bibby backup list has the seconds that can be restored.'
          : `No other second can be restored from it: ${baseBecause}`,
      ])
      if (!isWhole) process.exitCode = partUnproven
    })
  keeping(backup, program, out)
}

function listing(backup: Command, program: Command, out: () => Out): void {
  backup
    .command('list')
    .description(
      'the backups that there are, whether they count, why not, and the seconds that can be restored',
    )
    .action(async () => {
      const say = out()
      const { backups } = await onThisMachine(program, say)
      const { backups: all, isSameDisk, seconds } = await backups.list()
      const folder = backups.place.backups
      say.answer(
        { folder, isSameDisk, backups: all.map((each) => ({ ...told(each), isOurs: each.isOurs })), seconds },
        (listed) => [
          ...(listed.backups.length === 0
            ? [`There is none in ${folder}. bibby backup run takes one.`]
            : table(
                listed.backups.map((each) => [
                  each.name,
                  each.state,
                  size(each.bytes),
                  `${each.isOurs ? '' : 'of another library: '}${each.because ?? `restored in ${each.recoverySeconds} s`}`,
                ]),
              )),
          ...(listed.seconds.length > 0 ? ['Seconds that can be restored, by bibby restore plan --to:'] : []),
          ...listed.seconds.map(
            ({ from, to, isGivenUp }) =>
              `${from} to ${to}${isGivenUp ? ', of a history that was given up' : ''}`,
          ),
          ...(isSameDisk
            ? [
                'They are on the same disk as the data, and go with it. Set BIBBY_BACKUP_FOLDER or BIBBY_BACKUP_SECOND_FOLDER to another disk.',
              ]
            : []),
        ],
      )
    })
}

function keeping(backup: Command, program: Command, out: () => Out): void {
  backup
    .command('prune')
    .description('remove the backups that are too many (BIBBY_BACKUP_KEEP); never the newest proven one')
    .action(async () => {
      const say = out()
      const { backups } = await onThisMachine(program, say)
      say.answer({ removed: await backups.prune() }, ({ removed }) =>
        removed.length === 0 ? 'None is too many.' : `Removed: ${removed.join(', ')}.`,
      )
    })
  backup
    .command('bundle')
    .description('write a backup into one file, from which another machine is set up by bibby restore bundle')
    .argument('<file>', 'a new file; an existing one is not overwritten')
    .argument('[backup]', 'default: the newest proven')
    .action(async (file: string, name: string | undefined) => {
      const say = out()
      const { backups } = await onThisMachine(program, say)
      say.answer({ file, backup: await backups.bundle(file, name) }, (written) => [
        `The backup ${written.backup} is in ${file}. It holds everything, patrons and password hashes too: keep it as safe as the library.`,
      ])
    })
}

type Told = Pick<Backup, 'name' | 'state' | 'takenAt' | 'bytes' | 'because'> & {
  readonly recoverySeconds: number | null
  readonly anySecond: boolean
  readonly anySecondBecause: string | null
  readonly coversLeftOut: LeftOut | null
}

function told({ name, state, takenAt, bytes, because, proof, manifest }: Backup): Told {
  return {
    name,
    state,
    takenAt,
    bytes,
    because,
    recoverySeconds: proof?.recoverySeconds ?? null,
    anySecond: proof?.isBaseProven ?? false,
    anySecondBecause: proof?.baseBecause ?? null,
    coversLeftOut: manifest?.coversLeftOut ?? null,
  }
}

function anySecond({ anySecond: isReached, anySecondBecause }: Told): string {
  return isReached
    ? 'Any second since can be restored.'
    : `No other second can be restored from it: ${anySecondBecause ?? ''}`
}

const mebibyte = 1024 * 1024

function size(bytes: number): string {
  return bytes < mebibyte ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / mebibyte).toFixed(1)} MB`
}
