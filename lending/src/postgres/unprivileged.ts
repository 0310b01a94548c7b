import { execFile } from 'node:child_process'
import { chmod, chown, cp, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Identity } from './embedded.ts'

const run = promisify(execFile)

/** The system user that runs the server when Bibby is started by root. */
const user = 'bibby'

/**
 * Who shall run the server, and from which programs. Not root: we do, from where npm put them. Root: the system
 * user `bibby` (made if missing), with the programs copied into `folder` when that user cannot reach them,
 * as in a clone below /root. Throws when that user cannot reach `folder` either.
 */
export async function unprivileged(
  folder: string,
  programs: string,
): Promise<{ identity: Identity | undefined; programs: string }> {
  if (process.getuid?.() !== 0) return { identity: undefined, programs }
  const identity = (await systemUser()) ?? (await makeSystemUser())
  await mkdir(folder, { recursive: true })
  await chown(folder, identity.uid, identity.gid)
  await chmod(folder, 0o700)
  if (!(await can(identity, ['-w', folder]))) {
    throw new Error(
      `The user "${user}", who runs the database because root may not, cannot reach ${folder}. ` +
        'Set BIBBY_DATA to a folder that it can reach, such as /var/lib/bibby.',
    )
  }
  if (await can(identity, ['-x', join(programs, 'postgres')])) return { identity, programs }
  const copied = join(folder, 'programs')
  await cp(join(programs, '..'), copied, { recursive: true, verbatimSymlinks: true })
  return { identity, programs: join(copied, 'bin') }
}

async function can(identity: Identity, test: readonly [string, string]): Promise<boolean> {
  return run('/usr/bin/test', test, { ...identity, cwd: '/' }).then(
    () => true,
    () => false,
  )
}

async function systemUser(): Promise<Identity | undefined> {
  const line = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .find((entry) => entry.startsWith(`${user}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid && gid ? { uid: Number(uid), gid: Number(gid) } : undefined
}

async function makeSystemUser(): Promise<Identity> {
  await run('useradd', [
    '--system',
    '--user-group',
    '--no-create-home',
    '--shell',
    '/usr/sbin/nologin',
    user,
  ]).catch(async (error: unknown) => {
    if (!(await systemUser())) throw error
  })
  const made = await systemUser()
  if (!made)
    throw new Error(`The system user "${user}" could not be made. Make it, or do not start Bibby as root.`)
  return made
}
