import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { StartError } from '../start-error.ts'
import type { Identity } from './embedded.ts'

const run = promisify(execFile)

/** The system user that runs the server when Bibby is started by root. */
const user = 'bibby'

/** Who runs the server: undefined is us; for root, the system user `bibby`, made if missing. */
export async function serverIdentity(): Promise<Identity | undefined> {
  if (process.getuid?.() !== 0) return undefined
  return (await systemUser()) ?? (await makeSystemUser())
}

/**
 * Who shall run the server, and from which programs. Not root: we do, from where npm put them. Root: the system
 * user `bibby`, with the programs copied into `folder` when that user cannot reach them, as in a clone below
 * /root. `folder` is made if missing; it stays root's, and is opened for passing through only when it is empty
 * or `isOurs`. Throws when that user cannot reach `folder`.
 */
export async function unprivileged(
  folder: string,
  programs: string,
  { isOurs = false } = {},
): Promise<{ identity: Identity | undefined; programs: string }> {
  const identity = await serverIdentity()
  if (!identity) return { identity, programs }
  await mkdir(folder, { recursive: true, mode: 0o711 })
  if (!(await canReach(identity, folder)) && (isOurs || (await readdir(folder)).length === 0)) {
    await chmod(folder, 0o711)
  }
  if (!(await canReach(identity, folder))) {
    throw new StartError(
      'BIBBY_DATA_UNUSABLE',
      `The user "${user}", who runs the database because root may not, cannot reach ${folder}. ` +
        'Set BIBBY_DATA to a folder that it can reach, such as /var/lib/bibby.',
    )
  }
  if (await can(identity, ['-x', join(programs, 'postgres')])) return { identity, programs }
  return { identity, programs: await copied(programs, folder) }
}

/** Whether the server's user can pass through this folder. */
export function canReach(identity: Identity, folder: string): Promise<boolean> {
  return can(identity, ['-x', folder])
}

/** The version stands in the name, so that an update never changes programs that a server runs from. */
async function copied(programs: string, folder: string): Promise<string> {
  const { stdout } = await run(join(programs, 'postgres'), ['--version'])
  const target = join(folder, `programs-${/\d{1,3}\.\d{1,3}/.exec(stdout)?.[0] ?? 'any'}`)
  const names = await readdir(folder)
  if (!names.includes(basename(target))) {
    const half = `${target}.new-${process.pid}`
    await rm(half, { recursive: true, force: true })
    await cp(dirname(programs), half, { recursive: true, verbatimSymlinks: true })
    await rename(half, target).catch(async (error: unknown) => {
      // Another start was quicker: its copy is as good.
      await rm(half, { recursive: true, force: true })
      if (!(await readdir(folder)).includes(basename(target))) throw error
    })
  }
  return join(target, basename(programs))
}

async function can(identity: Identity, test: readonly [string, string]): Promise<boolean> {
  return run('/usr/bin/test', test, { ...identity, cwd: '/' }).then(
    () => true,
    () => false,
  )
}

async function systemUser(): Promise<Identity | undefined> {
  const ask = async (which: string) => Number((await run('id', [which, user])).stdout.trim())
  try {
    const [uid, gid] = await Promise.all([ask('-u'), ask('-g')])
    return { uid, gid }
  } catch {
    return undefined
  }
}

async function makeSystemUser(): Promise<Identity> {
  const options = ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin']
  const failed = await run('useradd', [...options, user]).then(
    () => undefined,
    (error: unknown) => error,
  )
  // Two first starts at once: one of them makes the user, and both find it.
  const made = await systemUser()
  if (!made) {
    throw new StartError(
      'BIBBY_POSTGRESQL_FAILED',
      `PostgreSQL refuses to run as root, and the system user "${user}" could not be made. Make it, or start Bibby as another user.`,
      { cause: failed },
    )
  }
  return made
}
