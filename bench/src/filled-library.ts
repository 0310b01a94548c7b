import { renewSearchOrder } from '@bibby/lending/catalogue/search-order.ts'
import type { Database } from '@bibby/lending/postgres/pool.ts'
import { sql } from '@bibby/lending/postgres/sql.ts'
import { hashPassword } from '@bibby/lending/staff/password.ts'

/** The desk that the load signs in as. */
export const desk = { account: 'bench', password: 'a bench in the shade', branch: 'bench' }

/** The card of patron n, counted from 0. */
export const cardOf = (n: number): string => String(1_000_000_000 + n)
/** The barcode of copy n, counted from 0. */
export const barcodeOf = (n: number): string => String(3_000_000_000 + n)

/** Fills an empty library with that many patrons and copies, four copies a title; all may borrow all day. */
export async function fillLibrary(
  db: Database,
  { patrons, copies }: { readonly patrons: number; readonly copies: number },
): Promise<void> {
  const passwordHash = await hashPassword(desk.password)
  await db.transaction(async (tx) => {
    await tx.rows(sql`
      insert into library (id, name) values (gen_random_uuid(), 'Bench') on conflict (single) do nothing
    `)
    await tx.rows(
      sql`insert into branch (code, name, time_zone) values (${desk.branch}, 'Bench', 'Europe/Berlin')`,
    )
    await tx.rows(sql`insert into patron_category (code, name) values ('bench', 'Adult')`)
    await tx.rows(sql`insert into item_type (code, name) values ('bench', 'Book')`)
    await tx.rows(sql`
      insert into loan_rule (loan_days, renewals_max, loans_max, holds_max) values (28, 2, 10000, 15)
      on conflict on constraint loan_rule_one_for_each_case do update set loans_max = excluded.loans_max
    `)
    await tx.rows(sql`
      insert into staff (login, name, role, branch_id, password_hash)
      select ${desk.account}, 'Bench', 'desk', id, ${passwordHash} from branch where code = ${desk.branch}
    `)
    await tx.rows(sql`
      insert into patron (card, category_id, branch_id, given_name, family_name, expires_on)
      select (1000000000 + n)::text, patron_category.id, branch.id, 'Given ' || n, 'Family ' || n, '2199-12-31'
      from generate_series(0, ${patrons}::bigint - 1) as n, patron_category, branch
      where patron_category.code = 'bench' and branch.code = ${desk.branch}
    `)
    await tx.rows(sql`
      insert into title (control_source, control_number, title, authors)
      select 'bench', n, 'A book of ' || md5(n::text), array['Author ' || n % 997]
      from generate_series(0, ${copies}::bigint / 4) as n
    `)
    await tx.rows(sql`
      insert into copy (title_id, barcode, branch_id, item_type_id)
      select title.id, (3000000000 + title.control_number::bigint * 4 + k)::text, branch.id, item_type.id
      from title, generate_series(0, 3) as k, branch, item_type
      where title.control_source = 'bench' and branch.code = ${desk.branch} and item_type.code = 'bench'
      order by title.control_number::bigint, k
    `)
  })
  // As the hourly sweep leaves a catalogue: what is measured is no library in the hour after its import.
  await renewSearchOrder(db)
  await db.withConnection((connection) => connection.query('vacuum analyze title, copy, patron'))
}
