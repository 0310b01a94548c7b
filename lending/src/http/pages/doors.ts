import type { MessageId } from '../../language/messages.ts'
import { may, type Permission } from '../../staff/permission.ts'
import type { Visit } from './visit.ts'

/** Where a door leads among others: what a desk needs all day, the catalogue, how the library is run, what runs it. */
export const doorGroups = ['daily', 'catalogue', 'library', 'running'] as const

/** The name of a group of doors. */
export type DoorGroup = (typeof doorGroups)[number]

type Door = {
  readonly to: string
  readonly label: MessageId
  readonly about?: MessageId
  readonly group: DoorGroup
  /** What staff need to open it; without, everybody may. */
  readonly needs?: Permission
}

const doors: readonly Door[] = [
  { to: '/', label: 'door.search', group: 'daily' },
  { to: '/desk', label: 'door.desk', about: 'home.about.desk', group: 'daily', needs: 'lend' },
  {
    to: '/check-in',
    label: 'door.check-in',
    about: 'home.about.check-in',
    group: 'daily',
    needs: 'take-back',
  },
  { to: '/shelf', label: 'door.shelf', about: 'home.about.shelf', group: 'daily', needs: 'take-back' },
  {
    to: '/patrons',
    label: 'door.patrons',
    about: 'home.about.patrons',
    group: 'daily',
    needs: 'patron-read',
  },
  { to: '/imports', label: 'door.imports', about: 'home.about.imports', group: 'catalogue', needs: 'import' },
  {
    to: '/stock-takes',
    label: 'door.stock-takes',
    about: 'home.about.stock-takes',
    group: 'catalogue',
    needs: 'catalogue-write',
  },
  { to: '/reports', label: 'door.reports', about: 'home.about.reports', group: 'library', needs: 'reports' },
  { to: '/rules', label: 'door.rules', about: 'home.about.rules', group: 'library', needs: 'lend' },
  {
    to: '/branches',
    label: 'door.branches',
    about: 'home.about.branches',
    group: 'library',
    needs: 'rules-write',
  },
  {
    to: '/notices',
    label: 'door.notices',
    about: 'home.about.notices',
    group: 'library',
    needs: 'rules-write',
  },
  { to: '/staff', label: 'door.staff', about: 'home.about.staff', group: 'library', needs: 'staff-write' },
  {
    to: '/settings',
    label: 'door.settings',
    about: 'home.about.settings',
    group: 'library',
    needs: 'settings',
  },
  { to: '/operations/now', label: 'door.now', about: 'home.about.now', group: 'running', needs: 'operate' },
  {
    to: '/operations',
    label: 'door.operations',
    about: 'home.about.operations',
    group: 'running',
    needs: 'operate',
  },
  {
    to: '/journal',
    label: 'door.journal',
    about: 'home.about.journal',
    group: 'running',
    needs: 'journal-read',
  },
  { to: '/halt', label: 'door.halt', about: 'home.about.halt', group: 'running', needs: 'halt' },
]

const account: Door = { to: '/account', label: 'door.account', about: 'home.about.account', group: 'daily' }

/** A door that somebody may open, in words. */
export type OpenDoor = {
  readonly to: string
  readonly label: string
  readonly about: string | undefined
  readonly group: DoorGroup
}

/** The doors that this person may open. */
export function openDoors({ who, say }: Pick<Visit, 'who' | 'say'>): readonly OpenDoor[] {
  const open = doors.filter(({ needs }) => needs === undefined || (who?.kind === 'staff' && may(who, needs)))
  return (who?.kind === 'patron' ? [...open, account] : open).map(({ to, label, about, group }) => ({
    to,
    label: say(label),
    about: about && say(about),
    group,
  }))
}
