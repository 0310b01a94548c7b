import { createHash } from 'node:crypto'
import { hostname } from 'node:os'

/** What tells one installation from another that has a copy of its data. */
export type Installed = {
  readonly libraryId: string
  readonly dataFolder: string
  readonly host: string
  readonly environment: string
}

/**
 * The name of an installation for the switch of notices: of its data folder, where that lies, the machine, and whether
 * it is production. Data that is copied or restored elsewhere is at another installation.
 */
export function installationOf({ libraryId, dataFolder, host, environment }: Installed): string {
  const told = JSON.stringify([libraryId, dataFolder, host, environment])
  return createHash('sha256').update(told).digest('hex').slice(0, 16)
}

/** The installation of this process. */
export function installationHere(
  { environment }: { readonly environment: string },
  folder: { readonly libraryId: string; readonly path: string },
): string {
  const { libraryId, path: dataFolder } = folder
  return installationOf({ libraryId, dataFolder, host: hostname(), environment })
}
