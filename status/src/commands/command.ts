import { parseArgs } from 'node:util'
import type { Config } from '../config/config.ts'
import { configFile, readConfig } from '../config/read-config.ts'
import { exitCodes, StatusError } from '../status-error.ts'
import { isHeld } from '../store/store.ts'
import { exportAll } from './export.ts'
import { type Command, type Given, unknownWord } from './given.ts'
import { incident } from './incident.ts'
import { init } from './init.ts'
import { maintenance } from './maintenance.ts'
import { becomeOwnerOf } from './owner.ts'
import { probe } from './probe.ts'
import { run } from './run.ts'
import { show } from './show.ts'
import { subscribe } from './subscribe.ts'

const usage = `bibby-status: a status page that depends on nothing that it watches.

  run                                   ask, judge, publish and serve, until it is stopped
  init [--canary PASSWORD-FILE]         write a file of settings that works on this machine
  check                                 tell all that is wrong with the settings
  show                                  what the page says now
  incident open --title T --text T [--impact minor|major|critical] [--component ID …]
  incident update ID --text T [--state investigating|identified|monitoring]
  incident resolve ID --text T
  incident list [--all]
  maintenance plan --title T --text T --from TIME --to TIME [--component ID …]
  maintenance start|complete|cancel ID --text T
  maintenance list
  subscribe add ADDRESS | remove ADDRESS | list
  probe                                 ask from here and report to a page elsewhere
  export                                all that is kept, as JSON

Always: --config FILE (else STATUS_CONFIG, else bibby-status.json), --json. A text of "-" is read from the input.
Exit codes: 0 done, 2 wrong words, 3 refused, 4 written and nowhere published, 6 runs already, 70 the database is of a
newer version, 72 it was exchanged or removed while this ran, 74 it is damaged, 75 another process holds it, 78 wrong
settings, 1 anything else.`

const commands: Readonly<Record<string, Command>> = {
  run,
  init,
  check: ({ say }, _, config) => {
    config()
    say('The settings are well.')
    return 0
  },
  show,
  incident,
  maintenance,
  subscribe,
  probe,
  export: exportAll,
}

/** Reads what was typed, does it, and gives the exit code. */
export async function runCommand(argv: readonly string[], given: Given): Promise<number> {
  try {
    const { values, positionals } = parsed(argv)
    const [verb = '', ...words] = positionals
    if (verb === '' || values.help === true) {
      given.say(usage)
      return verb === '' && values.help !== true ? exitCodes.STATUS_USAGE : 0
    }
    const command = Object.hasOwn(commands, verb) ? commands[verb] : undefined
    if (!command) throw unknownWord('command', verb, Object.keys(commands))
    return await command(given, { words, options: values }, () => configOf(values.config))
  } catch (error) {
    if (isHeld(error)) {
      given.warn(
        'Another process has held the database for 5 s; nothing was written. End that process and do it again. (STATUS_STORE_BUSY)',
      )
      return exitCodes.STATUS_STORE_BUSY
    }
    if (!(error instanceof StatusError)) {
      given.warn(error instanceof Error ? `${error.message} (fault)` : 'fault')
      return 1
    }
    given.warn(`${error.message} (${error.code})`)
    return exitCodes[error.code]
  }
}

function parsed(argv: readonly string[]) {
  const text = { type: 'string' } as const
  const yes = { type: 'boolean' } as const
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        config: text,
        json: yes,
        help: { ...yes, short: 'h' },
        title: text,
        text,
        impact: text,
        state: text,
        component: { ...text, multiple: true },
        from: text,
        to: text,
        all: yes,
        canary: text,
      },
    })
  } catch (error) {
    throw new StatusError(
      'STATUS_USAGE',
      `${(error as Error).message.split('\n')[0]} See bibby-status --help.`,
    )
  }
}

function configOf(path: string | undefined): Config {
  const config = readConfig(path ?? configFile)
  if ('problems' in config) throw new StatusError('STATUS_CONFIG_INVALID', config.problems.join('\n'))
  becomeOwnerOf(config.data)
  return config
}
