import { statSync } from 'node:fs'

/**
 * Goes on as the owner of the folder when root types a command: a file of root’s beside the database would lock the
 * daemon out of it.
 */
export function becomeOwnerOf(folder: string): void {
  if (process.getuid?.() !== 0) return
  const owner = statSync(folder, { throwIfNoEntry: false })
  if (!owner || owner.uid === 0) return
  process.setgroups?.([owner.gid])
  process.setgid?.(owner.gid)
  process.setuid?.(owner.uid)
}
