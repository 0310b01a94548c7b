import type { FastifyReply, FastifyRequest } from 'fastify'
import { branches } from '../../circulation/places.ts'
import type { PlainObject, Refusal, Verb } from '../../postgres/write.ts'
import { editStaff, removeStaff, restoreStaff, setStaffPassword } from '../../staff/change-staff.ts'
import { wantedPassword } from '../../staff/password.ts'
import type { Role } from '../../staff/permission.ts'
import { addStaff, staffList, staffMember } from '../../staff/staff.ts'
import { RefusedAtTheDoorError } from '../errors.ts'
import { type Asked, asked, identity } from './asked.ts'
import type { Refused } from './refusal-notice.ts'
import { act, branchIdOf, goTo, idIn, type Served, show, statusOf, visitOf } from './serve-page.ts'
import { readStaff, type StaffForm } from './staff-fields.ts'
import { addStaffView, type Member, memberView, staffListView } from './staff-view.ts'
import { typedPassword } from './typed-password.ts'

const config = { access: { needs: 'staff-write' } } as const

/** Who works here: the list, adding somebody, and changing, re-passwording, removing or bringing back one. */
export function staffPages(served: Served): void {
  const { app, library } = served

  app.get('/staff', { config }, async (request, reply) => {
    const [visit, members, removed] = await Promise.all([
      visitOf(served, request, reply),
      staffList(library.db),
      staffList(library.db, { removed: true }),
    ])
    const frame = { title: visit.say('staff.title'), door: '/staff', actions: staffListView.actions(visit) }
    return show(reply, visit, frame, staffListView.list(visit, { members, removed }))
  })

  app.get('/staff/new', { config }, (request, reply) =>
    showNew(served, request, reply, { form: readStaff(asked({}), branchIdOf(request)) }),
  )

  app.post('/staff', { config }, async (request, reply) => {
    const fields = asked(request.body)
    const form = readStaff(fields, branchIdOf(request))
    if (Object.keys(fields.problems).length > 0) {
      const refusal = { refused: 'fields-invalid', problems: fields.problems }
      return showNew(served, request, reply, { form, refusal })
    }
    const password = await wantedPassword(typedPassword(request.body))
    const ask = { ...form, askedBy: roleIn(request), password }
    const outcome = await act(served, request, addStaff, ask)
    if (outcome.outcome === 'refused') {
      return showNew(served, request, reply, { form, refusal: outcome.refusal })
    }
    return goTo(reply, '/staff', { said: 'staff-added' })
  })

  app.get('/staff/:id', { config }, async (request, reply) => {
    const member = await memberIn(served, request)
    return showMember(served, request, reply, member)
  })

  changing(served)
}

/** The forms of one member of staff. Sent twice, they are done once, even where the first removed them. */
function changing(served: Served): void {
  const on = <Ask, Done extends PlainObject, Refuses extends Refusal>(
    form: { readonly path: string; readonly said: string; readonly to?: '/staff' },
    verb: Verb<Ask, Done, Refuses>,
    askOf: (member: Member, fields: Asked, request: FastifyRequest) => Ask | Promise<Ask>,
  ): void => {
    served.app.post(`/staff/:id/${form.path}`, { config }, async (request, reply) => {
      const member = await memberIn(served, request)
      const fields = asked(request.body)
      const ask = await askOf(member, fields, request)
      if (Object.keys(fields.problems).length > 0) {
        const refusal = { refused: 'fields-invalid', problems: fields.problems }
        return showMember(served, request, reply, member, refusal)
      }
      const outcome = await act(served, request, verb, ask)
      served.app.sessions.forgetStaff(member.login)
      if (outcome.outcome === 'refused') {
        return showMember(served, request, reply, member, outcome.refusal)
      }
      return goTo(reply, form.to ?? `/staff/${member.staffId}`, { said: form.said })
    })
  }
  on({ path: 'edit', said: 'changed' }, editStaff, ({ login, branchId }, fields, request) => {
    const { name, role, branchId: branch, email } = readStaff(fields, branchId)
    const version = fields.whole('version', identity) ?? 0
    return { askedBy: roleIn(request), login, version, name, role, branchId: branch, email }
  })
  on({ path: 'password', said: 'password-set' }, setStaffPassword, async ({ login }, _, request) => ({
    askedBy: roleIn(request),
    login,
    password: await wantedPassword(typedPassword(request.body)),
  }))
  on({ path: 'remove', said: 'staff-removed', to: '/staff' }, removeStaff, ({ login }, _, request) => ({
    askedBy: roleIn(request),
    login,
  }))
  on({ path: 'restore', said: 'staff-restored' }, restoreStaff, ({ login }, _, request) => ({
    askedBy: roleIn(request),
    login,
  }))
}

async function showNew(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  { form, refusal }: { readonly form: StaffForm; readonly refusal?: Refused },
): Promise<FastifyReply> {
  const [visit, places] = await Promise.all([visitOf(served, request, reply), branches(served.library.db)])
  const status = refusal ? statusOf(refusal) : 200
  const frame = { title: visit.say('staff.add-title'), door: '/staff', status }
  return show(reply, visit, frame, addStaffView(visit, { form, places, refusal }))
}

async function showMember(
  served: Served,
  request: FastifyRequest,
  reply: FastifyReply,
  member: Member,
  refusal?: Refused,
): Promise<FastifyReply> {
  const [visit, places] = await Promise.all([visitOf(served, request, reply), branches(served.library.db)])
  const frame = {
    title: member.name,
    door: '/staff',
    ownHead: true,
    status: refusal ? statusOf(refusal) : 200,
  }
  return show(reply, visit, frame, memberView(visit, { member, places, refusal }))
}

async function memberIn({ library }: Served, request: FastifyRequest) {
  const staffId = idIn(request)
  const found = staffId === undefined ? undefined : await staffMember(library.db, staffId)
  if (!found) throw new RefusedAtTheDoorError('staff-unknown')
  return found
}

function roleIn({ who }: FastifyRequest): Role {
  if (who?.kind === 'staff') return who.role
  throw new RefusedAtTheDoorError('not-permitted')
}
