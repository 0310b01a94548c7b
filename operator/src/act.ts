import type { Command } from 'commander'
import type { Api } from './api.ts'
import type { Out } from './out.ts'

/** Runs a verb's work with the library open, and turns what it throws into words and an exit code. */
export type Act = (
  work: (api: Api, out: Out) => Promise<void>,
  /** Straight to the database, also where a server is named. */
  options?: { readonly pastServer?: true | undefined },
) => Promise<void>

/** A file of verbs: adds them to the program. */
export type Verbs = (program: Command, act: Act) => void
