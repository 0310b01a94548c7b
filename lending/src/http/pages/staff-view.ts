import type { Branch } from '../../circulation/places.ts'
import { mayManage, type Role, roles } from '../../staff/permission.ts'
import type { StaffRow } from '../../staff/staff.ts'
import { address } from './address.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html } from './html.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { roleWords, type StaffForm, staffFields } from './staff-fields.ts'
import type { Visit } from './visit.ts'
import { counted } from './wording.ts'

/** A member of staff, as their page shows them. */
export type Member = StaffRow & { readonly isRemoved: boolean }

/** Everyone who works here, whoever was removed, and the way to add one more. */
export const staffListView = {
  actions: html`<a class="button" href="/staff/new">Add a member of staff</a>`,
  list: (
    visit: Visit,
    { members, removed }: { readonly members: readonly StaffRow[]; readonly removed: readonly StaffRow[] },
  ): Html =>
    html`<div class="stack">${memberRows(visit, members)}${
      removed.length > 0 &&
      html`<details><summary>${counted(removed.length, 'account was', 'accounts were')} removed</summary>${memberRows(visit, removed)}</details>`
    }</div>`,
}

function memberRows(visit: Visit, members: readonly StaffRow[]): Html {
  return html`<ul class="rows pairs">${members.map(
    (each) => html`<li>
      <div>
        <p class="work"><a href="/staff/${each.staffId}"><bdi dir="auto">${each.name}</bdi></a></p>
        <p class="under"><span class="code">${each.login}</span> · ${each.branchName}${each.email && html` · ${each.email}`}</p>
      </div>
      <p class="end">${isMe(visit, each) && html`${tag('plain', 'You')} `}${roleWords[each.role].name}</p>
    </li>`,
  )}</ul>`
}

/** The form that adds a member of staff. */
export function addStaffView(
  visit: Visit,
  {
    form,
    places,
    refusal,
  }: {
    readonly form: StaffForm
    readonly places: readonly Branch[]
    readonly refusal: Refused | undefined
  },
): Html {
  const problems = problemsIn(refusal)
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <div class="columns"><form class="form two panel" method="post" action="/staff">${hidden(visit)}
      ${textField({ name: 'login', label: 'Login', value: form.login, max: 64, required: true, autofocus: true, problem: problems.login, hint: 'Letters a to z, digits, dots, dashes and underscores. It stays theirs for good.' })}
      ${passwordField(problems.password)}
      ${staffFields({ form, mine: roleOf(visit), problems, places })}
      <div class="whole actions"><button class="button">Add</button><a href="/staff">Leave it</a></div>
    </form>${rolesPanel(visit)}</div></div>`
}

/** One member of staff, and what may be done about them. */
export function memberView(
  visit: Visit,
  shown: {
    readonly member: Member
    readonly places: readonly Branch[]
    readonly refusal: Refused | undefined
  },
): Html {
  const { member, refusal } = shown
  const said = saidText(visit)
  const isBelow = mayManage(roleOf(visit), member.role)
  const isOpen = !member.isRemoved && isBelow
  return html`<div class="page-head"><div>
      <h1><bdi dir="auto">${member.name}</bdi></h1>
      <p>${isMe(visit, member) && html`${tag('plain', 'You')} `}${member.isRemoved && html`${tag('bad', 'Removed')} `}<span class="soft">${roleWords[member.role].name}, ${member.branchName}</span></p>
    </div></div>
    <div class="stack">
      ${said && notice(visit, 'good', { title: said })}
      ${refusal && refusalNotice(visit, refusal)}
      ${!isBelow && notice(visit, 'plain', { title: 'This account stands above yours.', body: html`<p>An operator may change it.</p>` })}
      <div class="columns">
        <div class="stack">${isOpen ? html`${editPanel(visit, shown)}${rolesPanel(visit)}` : factsPanel(member)}</div>
        <div class="stack">
          ${isOpen && passwordPanel(visit, member, problemsIn(refusal).password)}
          ${isOpen && !isMe(visit, member) && removePanel(visit, member)}
          ${member.isRemoved && isBelow && restorePanel(visit, member)}
          <p><a href="${address('/journal', { actor: `staff:${member.staffId}` })}">What they did, in the journal</a></p>
        </div>
      </div>
    </div>`
}

function editPanel(
  visit: Visit,
  { member, places, refusal }: { member: Member; places: readonly Branch[]; refusal: Refused | undefined },
): Html {
  return html`<section class="panel" aria-labelledby="account"><h2 id="account">Account <span class="code">${member.login}</span></h2>
    <form class="form two" method="post" action="/staff/${member.staffId}/edit">
      ${hidden(visit)}${carried('version', member.version)}
      ${staffFields({ form: member, mine: roleOf(visit), problems: problemsIn(refusal), places })}
      <div class="whole"><button class="button">Save</button></div>
    </form></section>`
}

function factsPanel(member: Member): Html {
  return html`<section class="panel" aria-label="Account"><dl class="facts">
    <dt>Login</dt><dd class="code">${member.login}</dd>
    <dt>Role</dt><dd>${roleWords[member.role].name}</dd>
    <dt>Branch</dt><dd>${member.branchName}</dd>
    ${member.email && html`<dt>Email</dt><dd>${member.email}</dd>`}
  </dl></section>`
}

function passwordPanel(visit: Visit, member: Member, problem: string | undefined): Html {
  return html`<section class="panel quiet stack-tight" aria-labelledby="password"><h2 id="password">Password</h2>
    <p class="soft">A new one signs them out wherever they are signed in.</p>
    <form class="form" method="post" action="/staff/${member.staffId}/password">${hidden(visit)}
      ${passwordField(problem)}
      <div><button class="button quiet">Set the password</button></div></form></section>`
}

function removePanel(visit: Visit, member: Member): Html {
  return html`<section class="panel quiet stack-tight" aria-labelledby="remove"><h2 id="remove">Remove</h2>
    <p class="soft">They are signed out and cannot sign in again. The journal keeps what they did, and the login stays theirs. The account can be brought back.</p>
    <form method="post" action="/staff/${member.staffId}/remove">${hidden(visit)}
      <button class="button danger"><span>Remove <bdi>${member.name}</bdi></span></button></form></section>`
}

function restorePanel(visit: Visit, member: Member): Html {
  return html`<section class="panel quiet stack-tight" aria-labelledby="restore"><h2 id="restore">Bring back</h2>
    <p class="soft">The account comes back as it was, with its role, its branch and its password. Set a new password afterwards where somebody else may know it.</p>
    <form method="post" action="/staff/${member.staffId}/restore">${hidden(visit)}
      <button class="button"><span>Bring back <bdi>${member.name}</bdi></span></button></form></section>`
}

function rolesPanel(visit: Visit): Html {
  const mine = roles.filter((role) => mayManage(roleOf(visit), role))
  return html`<section class="panel quiet" aria-labelledby="roles"><h2 id="roles">What each role may do</h2>
    <dl class="facts">${mine.map(
      (role) => html`<dt>${roleWords[role].name}</dt><dd>${roleWords[role].about}</dd>`,
    )}</dl></section>`
}

function passwordField(problem: string | undefined): Html {
  return textField({
    name: 'password',
    id: 'new-password',
    label: 'New password',
    type: 'password',
    autocomplete: 'new-password',
    required: true,
    problem,
    hint: '8 characters or more.',
  })
}

function problemsIn(refusal: Refused | undefined): Readonly<Record<string, string>> {
  return (refusal?.problems ?? {}) as Readonly<Record<string, string>>
}

function isMe({ who }: Visit, { staffId }: StaffRow): boolean {
  return who?.kind === 'staff' && who.staffId === staffId
}

/** The pages of staff are for staff only, so there is a role. */
function roleOf({ who }: Visit): Role {
  return who?.kind === 'staff' ? who.role : 'desk'
}
