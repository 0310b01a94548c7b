import type { Branch } from '../../circulation/places.ts'
import { mayManage, type Role, roles } from '../../staff/permission.ts'
import { staffTexts } from '../../staff/staff.ts'
import type { Asked } from './asked.ts'
import type { FlawTexts } from './flaw-text.ts'
import { choiceField, textField } from './form.ts'
import { type Html, html } from './html.ts'
import type { Visit } from './visit.ts'

/** What a form about a member of staff holds: shown again as it was typed when it does not fit. */
export type StaffForm = {
  readonly login: string
  readonly name: string
  readonly email: string
  readonly role: Role
  readonly branchId: number
}

/** Reads the fields of a member of staff from a form. */
export function readStaff(form: Asked, branchId: number): StaffForm {
  const text = (name: keyof typeof staffTexts) => form.text(name, { ...staffTexts[name], required: false })
  const role = form.text('role', { max: 32, label: 'role' })
  return {
    login: text('login'),
    name: text('name'),
    email: text('email'),
    // What is not on the list is refused by the verb, in words.
    role: (role || 'desk') as Role,
    branchId: form.whole('branchId', { label: 'branch', min: 1, max: Number.MAX_SAFE_INTEGER }) ?? branchId,
  }
}

/** The fields of a member of staff, with what was wrong with each. Roles above the asker's are not offered. */
export function staffFields(
  { say }: Visit,
  {
    form,
    mine,
    problems,
    places,
  }: {
    readonly form: Omit<StaffForm, 'login'>
    readonly mine: Role
    readonly problems: FlawTexts
    readonly places: readonly Branch[]
  },
): Html {
  return html`
    ${textField({ name: 'name', label: say('staff.name'), value: form.name, max: staffTexts.name.max, required: true, problem: problems.name })}
    ${textField({ name: 'email', label: say('staff.email'), type: 'email', value: form.email, max: staffTexts.email.max, problem: problems.email })}
    ${choiceField({
      name: 'role',
      label: say('staff.role'),
      value: form.role,
      options: roles
        .filter((role) => mayManage(mine, role))
        .map((role) => ({ value: role, label: say(`role.${role}`) })),
    })}
    ${choiceField({
      name: 'branchId',
      label: say('staff.branch'),
      value: String(form.branchId),
      options: places.map(({ branchId, name }) => ({ value: String(branchId), label: name })),
    })}`
}
