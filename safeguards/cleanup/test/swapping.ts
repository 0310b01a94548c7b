import { rename, symlink, unlink } from 'node:fs/promises'

/** Swaps a folder for a link to another and back, as fast as it goes, until the end; gives how often. */
export async function swapping(
  { folder, aside, link }: { folder: string; aside: string; link: string },
  until: Promise<unknown>,
): Promise<number> {
  let isOver = false
  void until.then(() => {
    isOver = true
  })
  let swaps = 0
  for (; !isOver || swaps === 0; swaps++) {
    await rename(folder, aside)
    await symlink(link, folder)
    await unlink(folder)
    await rename(aside, folder)
  }
  return swaps
}
