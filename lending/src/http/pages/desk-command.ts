import { address } from './address.ts'

/** What can be done by scanning or typing a command, by its name. */
export const commands = ['next', 'return', 'lend', 'receipt', 'holds', 'kept', 'help'] as const

/** The name of a command. */
export type Command = (typeof commands)[number]

/**
 * The barcode of a command, to be printed beside the desk. Letters only, and none that keyboards of other countries have
 * elsewhere: a scanner types what its keyboard says.
 */
export const commandCodes: Readonly<Record<Command, string>> = {
  next: 'DESKNEXT',
  return: 'DESKRETURN',
  lend: 'DESKLEND',
  receipt: 'DESKRECEIPT',
  holds: 'DESKHOLDS',
  kept: 'DESKKEPT',
  help: 'DESKHELP',
}

/** Where a command leads; undefined when the code is none. Typed, it is `/next`; `/` alone asks for help. */
export function commandOf(code: string, card: string): string | undefined {
  const said = code.toLowerCase()
  const found = commands.find((name) => said === `/${name}` || said === commandCodes[name].toLowerCase())
  const command = said === '/' ? 'help' : found
  switch (command) {
    case 'next':
    case 'lend':
      return '/desk'
    case 'return':
      return '/check-in'
    case 'receipt':
      return address('/desk/receipt', { card })
    case 'holds':
      return '/shelf'
    case 'kept':
      return '/desk/kept'
    case 'help':
      return '/desk/commands'
    default:
      return undefined
  }
}
