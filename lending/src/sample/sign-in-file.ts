import { randomInt } from 'node:crypto'
import { chmod, link, open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../start-error.ts'

/** An account of this installation, as `sign-in.txt` holds it. */
export type Account = {
  /** A staff login, or a patron’s card. */
  readonly account: string
  readonly password: string
  readonly purpose: string
}

/** The file of accounts in the data folder; only its owner may read it. */
export const signInFile = (dataFolder: string): string => join(dataFolder, 'sign-in.txt')

/**
 * The accounts in the data folder’s file; made up and written there first when there is none. What was written is
 * kept, so that a start that was cut off goes on with the same passwords.
 */
export async function keptAccounts(
  dataFolder: string,
  wanted: readonly Omit<Account, 'password'>[],
): Promise<readonly Account[]> {
  const file = signInFile(dataFolder)
  const kept = await readAccounts(dataFolder)
  if (kept) return kept
  const accounts = wanted.map((account) => ({ ...account, password: newPassword() }))
  const half = `${file}.new-${process.pid}`
  const handle = await open(half, 'w', 0o600)
  await handle.writeFile(`${heading}\n\n${accounts.map(line).join('\n')}\n`)
  await handle.sync()
  await handle.close()
  await chmod(half, 0o600)
  try {
    await link(half, file)
    return accounts
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error
    return (await readAccounts(dataFolder)) ?? accounts
  } finally {
    await rm(half, { force: true })
  }
}

/** The accounts in the data folder’s file, or undefined when it was taken away. */
export async function readAccounts(dataFolder: string): Promise<readonly Account[] | undefined> {
  const text = await readFile(signInFile(dataFolder), 'utf8').catch(() => undefined)
  return text?.split('\n').flatMap((written) => {
    const [account, password, purpose, ...rest] = written.split(/ {2,20}/)
    return account && password && purpose && rest.length === 0 ? [{ account, password, purpose }] : []
  })
}

const heading = `How to sign in. These passwords were made for this installation; no later change is written here.

To change a password: sign in and open the page behind your name, at the top right.
To change or remove a colleague's account: the page Staff, or on this machine
  npm run -s bibby -- staff password LOGIN
  npm run -s bibby -- staff remove LOGIN
A patron's password is set on the patron's page. When every password here was changed, delete this file.`

/** One account as a line of the file and of what is printed. */
export function line({ account, password, purpose }: Account): string {
  return `${account.padEnd(15)}  ${password}  ${purpose}`
}

/** Without letters and digits that look alike: 12 of 31 is 59 bits. */
const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

function newPassword(): string {
  const group = () => Array.from({ length: 4 }, () => letters[randomInt(letters.length)]).join('')
  return [group(), group(), group()].join('-')
}
