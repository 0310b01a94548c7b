import { constants, mkdirSync } from 'node:fs'
import { type FileName, nameOfText, shown } from './file-name.ts'
import { type HeldFolder, holdIn, holdPath, placeOf, statIn, statOf, within } from './held-folder.ts'
import type { Host, RootSetting } from './host.ts'
import { type Marker, readMarker } from './marker.ts'
import { canHoldFolders, mountPoints } from './mounts.ts'
import { CleanupRefusedError, systemCodeOf } from './refusal.ts'
import { rootPath } from './root-path.ts'

/** A root that passed every look, held open. Dispose of it. */
export type Root = Disposable & {
  readonly setting: RootSetting
  readonly path: string
  readonly marker: Marker
  readonly folder: HeldFolder
  /** `.cleanup` in it: plans, the trash, and the journals of runs. */
  readonly state: HeldFolder
  readonly device: bigint
}

/** Of the root: where plans, journals and the trash lie, on the same file system as what is moved. */
export const stateName = '.cleanup'

/** The setting of that name. */
export function settingOf(host: Host, name: string): RootSetting {
  const setting = host.roots.find((root) => root.name === name)
  if (setting) return setting
  const names = host.roots.map((root) => root.name).join(', ')
  throw new CleanupRefusedError(
    'root-unknown',
    `There is no root ${JSON.stringify(name)}. ${names === '' ? 'None is set.' : `There are: ${names}.`} A root is named, its path is never typed.`,
  )
}

/** Opens the folder of a root, without asking for its marker. */
export function holdRoot(
  setting: RootSetting,
  host: Host,
): { readonly path: string; readonly folder: HeldFolder } {
  if (!canHoldFolders()) {
    throw new CleanupRefusedError(
      'system-unfit',
      'Files are moved only where a folder can be held while working in it, which takes Linux and its /proc. Nothing was touched.',
    )
  }
  const path = rootPath(setting, host)
  const folder = held(setting.name, path)
  try {
    mustBeOurs(setting.name, folder)
    return { path, folder }
  } catch (error) {
    folder[Symbol.dispose]()
    throw error
  }
}

/** Opens a root for work: every look is taken anew each time. */
export function openRoot(name: string, host: Host): Root {
  const setting = settingOf(host, name)
  const { path, folder } = holdRoot(setting, host)
  let state: HeldFolder | undefined
  try {
    const marker = readMarker(folder, { name, host })
    state = stateFolder(name, folder)
    const { dev } = statOf(folder)
    const opened = state
    const close = () => {
      opened[Symbol.dispose]()
      folder[Symbol.dispose]()
    }
    return { setting, path, marker, folder, state: opened, device: dev, [Symbol.dispose]: close }
  } catch (error) {
    state?.[Symbol.dispose]()
    folder[Symbol.dispose]()
    throw error
  }
}

function held(name: string, path: string): HeldFolder {
  try {
    return holdPath(nameOfText(path))
  } catch (cause) {
    const code = systemCodeOf(cause)
    if (code === 'ENOENT') {
      throw new CleanupRefusedError(
        'root-missing',
        `The folder of the root ${name} is not there. Nothing was touched.`,
        { cause },
      )
    }
    if (code === 'ENOTDIR' || code === 'ELOOP') {
      throw new CleanupRefusedError(
        'root-passes-link',
        `The path of the root ${name} leads through a link, or ends at something that is no folder. Set the path that the link leads to, if that is what is meant.`,
        { cause },
      )
    }
    throw new CleanupRefusedError(
      'root-unreadable',
      `The folder of the root ${name} cannot be opened (${code ?? 'unknown fault'}). Nothing was touched.`,
      {
        cause,
      },
    )
  }
}

function mustBeOurs(name: string, folder: HeldFolder): void {
  const { uid, mode } = statOf(folder)
  const we = process.getuid?.() ?? 0
  if (we !== 0 && Number(uid) !== we)
    throw new CleanupRefusedError(
      'root-not-ours',
      `The folder of the root ${name} belongs to another user. Nothing was touched.`,
    )
  if ((Number(mode) & constants.S_IWOTH) !== 0) {
    throw new CleanupRefusedError(
      'root-open-to-all',
      `Anybody may write in the folder of the root ${name}. Take that right away (chmod o-w) first; nothing was touched.`,
    )
  }
}

const isPrivate = 0o077n

/** `.cleanup`, made on the first use; a link, a mount or a folder that others can read is refused. */
function stateFolder(name: string, folder: HeldFolder): HeldFolder {
  const state = heldState(name, folder)
  const { dev, mode } = statOf(state)
  const isOk = dev === statOf(folder).dev && (mode & isPrivate) === 0n && !mountPoints().has(placeOf(state))
  if (isOk) return state
  state[Symbol.dispose]()
  throw new CleanupRefusedError(
    'root-unreadable',
    `${stateName} in the root ${name} is open to others, or on another file system. Nothing was touched.`,
  )
}

function heldState(name: string, folder: HeldFolder): HeldFolder {
  try {
    return madeIn(folder, stateName)
  } catch (cause) {
    if (systemCodeOf(cause) === undefined) throw cause
    throw new CleanupRefusedError(
      'root-unreadable',
      `${stateName} in the root ${name} is no folder that we may open (${systemCodeOf(cause)}). Nothing was touched.`,
      { cause },
    )
  }
}

/** A folder of ours in a held one, private; made unless it is there. */
export function madeIn(folder: HeldFolder, name: FileName): HeldFolder {
  if (!statIn(folder, name)) {
    try {
      mkdirSync(within(folder, name), 0o700)
    } catch (cause) {
      const code = systemCodeOf(cause)
      if (code !== 'EEXIST') {
        throw new CleanupRefusedError(
          'cannot-write',
          `The folder ${shown(name)} cannot be made (${code ?? 'unknown fault'}). Nothing was touched.`,
          {
            cause,
          },
        )
      }
    }
  }
  return holdIn(folder, name)
}
