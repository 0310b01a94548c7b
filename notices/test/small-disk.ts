import { execFileSync } from 'node:child_process'
import { mkdir, open, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/** Why a test that needs a disk of its own cannot run here; false where it can. */
export const noSmallDisk =
  (process.platform !== 'linux' || process.getuid?.() !== 0) && 'only root on Linux can mount'

/** Makes the folder and mounts a disk of one megabyte on it. */
export async function smallDisk(folder: string): Promise<AsyncDisposable> {
  await mkdir(folder)
  const cwd = dirname(folder)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700', 'tmpfs', folder], { cwd })
  return {
    [Symbol.asyncDispose]: async () => {
      execFileSync('umount', ['--lazy', folder], { cwd })
    },
  }
}

/** Takes all the room that is left on the disk of this folder, and gives the way to free it. */
export async function filled(folder: string): Promise<() => Promise<void>> {
  const path = join(folder, 'ballast')
  const file = await open(path, 'w')
  for (let bytes = 65_536; bytes >= 512; ) {
    const written = await file.write(Buffer.alloc(bytes)).catch(() => undefined)
    if (written?.bytesWritten !== bytes) bytes /= 2
  }
  await file.close()
  return () => rm(path)
}
