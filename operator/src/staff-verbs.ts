import type { Command } from 'commander'
import type { Act, Verbs } from './act.ts'
import { table } from './out.ts'
import { typedPassword } from './typed-password.ts'

type Member = {
  login: string
  name: string
  role: string
  branchCode: string
  email: string
  version: number
}
type Account = { name: string; role: string; branch: string; email?: string }
type Ended = { login: string; sessionsEnded: number }

const roles = 'desk, cataloguer, manager or operator'
const at = (login: string) => `/api/v1/staff/${encodeURIComponent(login)}`

/** staff list, add, edit, password, remove, restore. */
export const staffVerbs: Verbs = (program, act) => {
  const staff = program.command('staff').description('people who work here')
  staff
    .command('list')
    .description('everyone who works here')
    .option('--removed', 'whoever was removed instead')
    .action(({ removed }: { removed?: true }) =>
      act(async (api, out) => {
        const query = removed ? { removed: 'yes' } : {}
        out.answer(
          await api.call<{ staff: Member[] }>('GET', '/api/v1/staff', { query }),
          ({ staff: members }) =>
            members.length === 0
              ? removed
                ? 'Nobody was removed.'
                : 'Nobody works here yet.'
              : table(members.map(({ login, role, branchCode, name }) => [login, role, branchCode, name])),
        )
      }),
    )
  addAndEdit(staff, act)
  staff
    .command('password')
    .description('set a password and sign the person out; it is typed, or a line of standard input')
    .argument('<login>')
    .action((login: string) =>
      act(async (api, out) => {
        const body = { password: await typedPassword(out.talk) }
        out.answer(
          await api.call<Ended>('POST', `${at(login)}/password`, { body }),
          (done) => `The password of ${done.login} is set; ${ended(done)}.`,
        )
      }),
    )
  staff
    .command('remove')
    .description('remove an account and sign the person out; restore brings it back')
    .argument('<login>')
    .action((login: string) =>
      act(async (api, out) => {
        out.answer(
          await api.call<Ended>('DELETE', at(login)),
          (done) => `${done.login} is removed; ${ended(done)}.`,
        )
      }),
    )
  staff
    .command('restore')
    .description('bring back an account that was removed, with the password that it had')
    .argument('<login>')
    .action((login: string) =>
      act(async (api, out) => {
        out.answer(
          await api.call<{ login: string }>('POST', `${at(login)}/restore`),
          (done) => `${done.login} is back, and may sign in.`,
        )
      }),
    )
}

function addAndEdit(staff: Command, act: Act): void {
  staff
    .command('add')
    .description('add somebody; their password is typed, or a line of standard input')
    .argument('<login>', 'letters a to z, digits, dots, dashes and underscores')
    .requiredOption('--name <name>')
    .requiredOption('--role <role>', roles)
    .requiredOption('--branch <code>', 'where they work')
    .option('--email <address>')
    .action((login: string, account: Account) =>
      act(async (api, out) => {
        const body = { login, ...account, password: await typedPassword(out.talk) }
        out.answer(
          await api.call<{ login: string }>('POST', '/api/v1/staff', { body }),
          (done) => `${done.login} may sign in.`,
        )
      }),
    )
  staff
    .command('edit')
    .description('change what is given, and leave the rest')
    .argument('<login>')
    .option('--name <name>')
    .option('--role <role>', roles)
    .option('--branch <code>', 'where they work')
    .option('--email <address>')
    .action((login: string, changes: Partial<Account>) =>
      act(async (api, out) => {
        const { staff: members } = await api.call<{ staff: Member[] }>('GET', '/api/v1/staff')
        const version = members.find((each) => each.login === login.toLowerCase())?.version ?? 1
        out.answer(
          await api.call<{ login: string }>('PATCH', at(login), { body: { version, ...changes } }),
          (done) => `${done.login} is changed.`,
        )
      }),
    )
}

function ended({ sessionsEnded }: Ended): string {
  return sessionsEnded === 1 ? '1 session ended' : `${sessionsEnded} sessions ended`
}
