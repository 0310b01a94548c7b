import type { Branch } from '../../circulation/places.ts'
import { mayManage, type Role, roles } from '../../staff/permission.ts'
import type { StaffRow } from '../../staff/staff.ts'
import { address } from './address.ts'
import { flawTexts } from './flaw-text.ts'
import { carried, hidden, textField } from './form.ts'
import { type Html, html, type Piece } from './html.ts'
import { notice, tag } from './notice.ts'
import { type Refused, refusalNotice } from './refusal-notice.ts'
import { saidText } from './said.ts'
import { type StaffForm, staffFields } from './staff-fields.ts'
import type { Visit } from './visit.ts'

/** A member of staff, as their page shows them. */
export type Member = StaffRow & { readonly isRemoved: boolean }

/** Everyone who works here, whoever was removed, and the way to add one more. */
export const staffListView = {
  actions: ({ say }: Visit): Html => html`<a class="button" href="/staff/new">${say('staff.add-link')}</a>`,
  list: (
    visit: Visit,
    { members, removed }: { readonly members: readonly StaffRow[]; readonly removed: readonly StaffRow[] },
  ): Html =>
    html`<div class="stack">${memberRows(visit, members)}${
      removed.length > 0 &&
      html`<details><summary>${visit.say('staff.removed-accounts', { count: removed.length })}</summary>${memberRows(visit, removed)}</details>`
    }</div>`,
}

function memberRows(visit: Visit, members: readonly StaffRow[]): Html {
  return html`<ul class="rows pairs">${members.map(
    (each) => html`<li>
      <div>
        <p class="work"><a href="/staff/${each.staffId}"><bdi dir="auto">${each.name}</bdi></a></p>
        <p class="under"><span class="code">${each.login}</span> · ${each.branchName}${each.email && html` · ${each.email}`}</p>
      </div>
      <p class="end">${isMe(visit, each) && html`${tag('plain', visit.say('staff.you'))} `}${visit.say(`role.${each.role}`)}</p>
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
  const { say } = visit
  const problems = flawTexts(visit, refusal)
  return html`<div class="stack">${refusal && refusalNotice(visit, refusal)}
    <div class="columns"><form class="form two panel" method="post" action="/staff">${hidden(visit)}
      ${textField({ name: 'login', label: say('staff.login'), value: form.login, max: 64, required: true, autofocus: true, problem: problems.login, hint: say('staff.login-hint') })}
      ${passwordField(visit, problems.password)}
      ${staffFields(visit, { form, mine: roleOf(visit), problems, places })}
      <div class="whole actions"><button class="button">${say('staff.add')}</button><a href="/staff">${say('staff.leave')}</a></div>
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
  const { say } = visit
  const { member, refusal } = shown
  const said = saidText(visit)
  const isBelow = mayManage(roleOf(visit), member.role)
  const isOpen = !member.isRemoved && isBelow
  return html`<div class="page-head"><div>
      <h1><bdi dir="auto">${member.name}</bdi></h1>
      <p>${isMe(visit, member) && html`${tag('plain', say('staff.you'))} `}${member.isRemoved && html`${tag('bad', say('staff.removed'))} `}<span class="soft">${say('staff.role-at', { role: say(`role.${member.role}`), branch: html`<bdi>${member.branchName}</bdi>` })}</span></p>
    </div></div>
    <div class="stack">
      ${said && notice(visit, 'good', { title: said })}
      ${refusal && refusalNotice(visit, refusal)}
      ${!isBelow && notice(visit, 'plain', { title: say('staff.above-yours'), body: html`<p>${say('staff.above-yours-next')}</p>` })}
      <div class="columns">
        <div class="stack">${isOpen ? html`${editPanel(visit, shown)}${rolesPanel(visit)}` : factsPanel(visit, member)}</div>
        <div class="stack">
          ${isOpen && passwordPanel(visit, member, flawTexts(visit, refusal).password)}
          ${isOpen && !isMe(visit, member) && removePanel(visit, member)}
          ${member.isRemoved && isBelow && restorePanel(visit, member)}
          <p><a href="${address('/journal', { actor: `staff:${member.staffId}` })}">${say('staff.in-journal')}</a></p>
        </div>
      </div>
    </div>`
}

function editPanel(
  visit: Visit,
  { member, places, refusal }: { member: Member; places: readonly Branch[]; refusal: Refused | undefined },
): Html {
  return html`<section class="panel" aria-labelledby="account"><h2 id="account">${visit.say('staff.account-of', { login: html`<span class="code">${member.login}</span>` })}</h2>
    <form class="form two" method="post" action="/staff/${member.staffId}/edit">
      ${hidden(visit)}${carried('version', member.version)}
      ${staffFields(visit, { form: member, mine: roleOf(visit), problems: flawTexts(visit, refusal), places })}
      <div class="whole"><button class="button">${visit.say('staff.save')}</button></div>
    </form></section>`
}

function factsPanel({ say }: Visit, member: Member): Html {
  return html`<section class="panel" aria-label="${say('staff.account')}"><dl class="facts">
    <dt>${say('staff.login')}</dt><dd class="code">${member.login}</dd>
    <dt>${say('staff.role')}</dt><dd>${say(`role.${member.role}`)}</dd>
    <dt>${say('staff.branch')}</dt><dd>${member.branchName}</dd>
    ${member.email && html`<dt>${say('staff.email')}</dt><dd>${member.email}</dd>`}
  </dl></section>`
}

function passwordPanel(visit: Visit, member: Member, problem: Piece): Html {
  const { say } = visit
  return html`<section class="panel quiet stack-tight" aria-labelledby="password"><h2 id="password">${say('staff.password')}</h2>
    <p class="soft">${say('staff.password-about')}</p>
    <form class="form" method="post" action="/staff/${member.staffId}/password">${hidden(visit)}
      ${passwordField(visit, problem)}
      <div><button class="button quiet">${say('staff.set-password')}</button></div></form></section>`
}

function removePanel(visit: Visit, member: Member): Html {
  const { say } = visit
  return html`<section class="panel quiet stack-tight" aria-labelledby="remove"><h2 id="remove">${say('staff.remove')}</h2>
    <p class="soft">${say('staff.remove-about')}</p>
    <form method="post" action="/staff/${member.staffId}/remove">${hidden(visit)}
      <button class="button danger"><span>${say('staff.remove-name', { name: html`<bdi>${member.name}</bdi>` })}</span></button></form></section>`
}

function restorePanel(visit: Visit, member: Member): Html {
  const { say } = visit
  return html`<section class="panel quiet stack-tight" aria-labelledby="restore"><h2 id="restore">${say('staff.restore')}</h2>
    <p class="soft">${say('staff.restore-about')}</p>
    <form method="post" action="/staff/${member.staffId}/restore">${hidden(visit)}
      <button class="button"><span>${say('staff.restore-name', { name: html`<bdi>${member.name}</bdi>` })}</span></button></form></section>`
}

function rolesPanel(visit: Visit): Html {
  const mine = roles.filter((role) => mayManage(roleOf(visit), role))
  return html`<section class="panel quiet" aria-labelledby="roles"><h2 id="roles">${visit.say('staff.roles')}</h2>
    <dl class="facts">${mine.map(
      (role) => html`<dt>${visit.say(`role.${role}`)}</dt><dd>${visit.say(`role.${role}.about`)}</dd>`,
    )}</dl></section>`
}

function passwordField({ say }: Visit, problem: Piece): Html {
  return textField({
    name: 'password',
    id: 'new-password',
    label: say('staff.new-password'),
    type: 'password',
    autocomplete: 'new-password',
    required: true,
    problem,
    hint: say('staff.new-password-hint'),
  })
}

function isMe({ who }: Visit, { staffId }: StaffRow): boolean {
  return who?.kind === 'staff' && who.staffId === staffId
}

/** The pages of staff are for staff only, so there is a role. */
function roleOf({ who }: Visit): Role {
  return who?.kind === 'staff' ? who.role : 'desk'
}
