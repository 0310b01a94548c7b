import pg from 'pg'

/** Makes a connection act as this role, where the server has it and lets us. */
export async function actAs(client: pg.ClientBase, role: string): Promise<void> {
  const { rows } = await client.query<{ member: boolean }>(
    `select pg_has_role(current_user, oid, 'member') as member from pg_roles where rolname = $1`,
    [role],
  )
  if (rows[0]?.member) await client.query(`set role ${pg.escapeIdentifier(role)}`)
}
