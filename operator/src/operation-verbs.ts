import { type Command, Option } from 'commander'
import type { Act, Verbs } from './act.ts'
import type { Out } from './out.ts'
import { table } from './out.ts'

/** An operation as the library tells it. */
export type Operation = {
  id: string
  name: string
  state: string
  requestedBy: string
  plannedAt: string
  approveUntil: string | null
  approvedBy: string | null
  confirmUntil: string | null
  count: number
  total: number
  samples: string[]
  phrase: string | null
  acted: number
  undone: number
  left: number
  undoUntil: string | null
  isUndoable: boolean
  because: { refused: string } | null
}
type CodeSent = { sentTo: string; until: string }
type Selection = { branch?: string; shelf?: string; type?: string; barcode?: string[] }
type Changes = { toBranch?: string; toShelf?: string; toType?: string; lendable?: string }

/** Exit code of a verb that only told what to type. */
const nothingDone = 3
const at = (id: string) => `/api/v1/operations/${encodeURIComponent(id)}`

/** withdraw, edit-copies, delete-all-books, and operation list, show, approve, code, confirm, stop, undo. */
export const operationVerbs: Verbs = (program, act) => {
  selecting(
    program
      .command('withdraw')
      .description('plan to withdraw copies; touches nothing and exits 3, for a person has to confirm it'),
  )
    .requiredOption('--because <text>', 'stands at each copy')
    .action(({ because, ...which }: Selection & { because: string }) =>
      act(async (api, out) => {
        const body = { ...selection(which), because }
        tellPlan(out, await api.call<Operation>('POST', '/api/v1/operations/withdraw-copies', { body }))
      }),
    )
  selecting(
    program.command('edit-copies').description('plan to change many copies; touches nothing and exits 3'),
  )
    .option('--to-branch <code>', 'where they belong from now on')
    .option('--to-shelf <shelf>', 'where they stand from now on')
    .option('--to-type <code>', 'their item type from now on')
    .addOption(new Option('--lendable <yes|no>', 'whether they are lent from now on').choices(['yes', 'no']))
    .action(({ toBranch, toShelf, toType, lendable, ...which }: Selection & Changes) =>
      act(async (api, out) => {
        const to = {
          ...(toBranch === undefined ? {} : { branch: toBranch }),
          ...(toShelf === undefined ? {} : { shelf: toShelf }),
          ...(toType === undefined ? {} : { itemType: toType }),
          ...(lendable === undefined ? {} : { lendable: lendable === 'yes' }),
        }
        const body = { ...selection(which), to }
        tellPlan(out, await api.call<Operation>('POST', '/api/v1/operations/edit-copies', { body }))
      }),
    )
  program
    .command('delete-all-books')
    .description('plan to delete every title and withdraw every copy; touches nothing and exits 3')
    .requiredOption('--because <text>', 'stands at each copy')
    .action((body: { because: string }) =>
      act(async (api, out) =>
        tellPlan(out, await api.call<Operation>('POST', '/admin/books/delete-all/initiate', { body })),
      ),
    )
  const operation = program
    .command('operation')
    .description('what takes away many things at once: planned, confirmed, undoable')
  seeing(operation, act)
  confirming(operation, act)
  ending(operation, act)
}

function selecting(command: Command): Command {
  return command
    .option('--branch <code>', 'copies of this branch')
    .option('--shelf <shelf>', 'copies on this shelf')
    .option('--type <code>', 'copies of this item type')
    .option('--barcode <barcode...>', 'these copies')
}

function selection({ branch, shelf, type, barcode }: Selection): object {
  return {
    ...(branch === undefined ? {} : { branch }),
    ...(shelf === undefined ? {} : { shelf }),
    ...(type === undefined ? {} : { itemType: type }),
    ...(barcode === undefined ? {} : { barcodes: barcode }),
  }
}

function seeing(operation: Command, act: Act): void {
  operation
    .command('list')
    .description('the latest operations and their states')
    .option('--state <state>', 'only those in this state, such as executing')
    .action(({ state }: { state?: string }) =>
      act(async (api, out) => {
        const query = state === undefined ? {} : { state }
        const told = await api.call<{ operations: Operation[] }>('GET', '/api/v1/operations', { query })
        out.answer(told, ({ operations }) =>
          operations.length === 0
            ? 'There are none.'
            : table(
                operations.map((each) => [each.id, each.state, each.requestedBy, each.phrase ?? each.name]),
              ),
        )
      }),
    )
  operation
    .command('show')
    .description('one operation: its plan, its state, and until when it can be undone')
    .argument('<id>')
    .action((id: string) =>
      act(async (api, out) => out.answer(await api.call<Operation>('GET', at(id)), inWords)),
    )
}

function confirming(operation: Command, act: Act): void {
  operation
    .command('approve')
    .description('say yes as the second person')
    .argument('<id>')
    .action((id: string) =>
      act(async (api, out) => out.answer(await api.call<Operation>('POST', `${at(id)}/approve`), inWords)),
    )
  operation
    .command('code')
    .description('have a new code sent to the mail address of your account; the last one is void')
    .argument('<id>')
    .action((id: string) =>
      act(async (api, out) =>
        out.answer(
          await api.call<CodeSent>('POST', `${at(id)}/code`),
          ({ sentTo, until }) => `The code went to ${sentTo}. It holds until ${until}.`,
        ),
      ),
    )
  operation
    .command('confirm')
    .description(
      'begin an operation, by its phrase and the code from the mail; without a code it tells what to type',
    )
    .argument('<id>')
    .option('--phrase <words>', 'as the plan told it')
    .option('--code <code>', 'from the mail')
    .action((id: string, { phrase, code }: { phrase?: string; code?: string }) =>
      act(async (api, out) => {
        if (phrase === undefined || code === undefined) {
          return tellPlan(out, await api.call<Operation>('GET', at(id)))
        }
        const body = { phrase, code }
        out.answer(await api.call<Operation>('POST', `${at(id)}/confirm`, { body }), inWords)
      }),
    )
}

function ending(operation: Command, act: Act): void {
  operation
    .command('stop')
    .description('drop a plan, or end what is under way after its batch')
    .argument('<id>')
    .option('--because <text>', 'stands at the operation', '')
    .action((id: string, body: { because: string }) =>
      act(async (api, out) =>
        out.answer(await api.call<Operation>('POST', `${at(id)}/stop`, { body }), inWords),
      ),
    )
  operation
    .command('undo')
    .description('take an operation back, row by row')
    .argument('<id>')
    .option('--leaving-changed', 'leave alone what somebody changed since')
    .action((id: string, { leavingChanged }: { leavingChanged?: true }) =>
      act(async (api, out) => {
        const body = leavingChanged ? { leavingChanged } : {}
        out.answer(await api.call<Operation>('POST', `${at(id)}/undo`, { body }), inWords)
      }),
    )
}

/** What a plan found, and what to type next. Nothing was done: the exit code says so too. */
export function tellPlan(out: Out, plan: Operation): void {
  out.answer(plan, (told) => [
    ...inWords(told),
    ...(told.state === 'planned' || told.state === 'armed'
      ? [
          'Nothing was done yet. To do it:',
          ...(told.approveUntil !== null && told.approvedBy === null
            ? [`  bibby operation approve ${told.id}      (a colleague, until ${told.approveUntil})`]
            : []),
          `  bibby operation code ${told.id}`,
          `  bibby operation confirm ${told.id} --phrase "${told.phrase}" --code CODE`,
        ]
      : []),
  ])
  process.exitCode = nothingDone
}

function inWords(told: Operation): string[] {
  const { id, name, state, phrase, count, total, samples, acted, undone, left, undoUntil, isUndoable } = told
  const because = told.because ? `: ${told.because.refused.replaceAll('-', ' ')}` : ''
  const done = [
    acted > 0 ? `${acted} done` : '',
    undone > 0 ? `${undone} taken back` : '',
    left > 0 ? `${left} left as somebody changed them` : '',
  ].filter((part) => part !== '')
  return [
    `${phrase ?? name}: ${state}${because} (operation ${id})`,
    `${count} of ${total}${done.length > 0 ? `; ${done.join(', ')}` : ''}.`,
    ...samples.map((sample) => `  ${sample}`),
    ...(count > samples.length && samples.length > 0 ? ['  …'] : []),
    ...(isUndoable ? [`Until ${undoUntil} it can be taken back: bibby operation undo ${id}`] : []),
  ]
}
