-- How much one write may change: counted by the server, looked at when the journal row is written.
-- oldest bibby that may run on it: 0.1.0

-- Rows changed on this connection, one number a noun, in the order of `fanOutNouns` in postgres/fan-out.ts. The server
-- counts them for its statistics anyway. The numbers grow over transactions, and only their difference within one
-- means something.
create function rows_changed() returns bigint[] language sql volatile
begin atomic
  select array[
    pg_stat_get_xact_tuples_inserted('loan'::regclass) + pg_stat_get_xact_tuples_updated('loan'::regclass)
      + pg_stat_get_xact_tuples_deleted('loan'::regclass),
    pg_stat_get_xact_tuples_inserted('hold'::regclass) + pg_stat_get_xact_tuples_updated('hold'::regclass)
      + pg_stat_get_xact_tuples_deleted('hold'::regclass),
    pg_stat_get_xact_tuples_inserted('copy'::regclass) + pg_stat_get_xact_tuples_updated('copy'::regclass)
      + pg_stat_get_xact_tuples_deleted('copy'::regclass),
    pg_stat_get_xact_tuples_inserted('title'::regclass) + pg_stat_get_xact_tuples_updated('title'::regclass)
      + pg_stat_get_xact_tuples_deleted('title'::regclass),
    pg_stat_get_xact_tuples_inserted('patron'::regclass) + pg_stat_get_xact_tuples_updated('patron'::regclass)
      + pg_stat_get_xact_tuples_deleted('patron'::regclass),
    pg_stat_get_xact_tuples_inserted('fine_line'::regclass) + pg_stat_get_xact_tuples_updated('fine_line'::regclass)
      + pg_stat_get_xact_tuples_deleted('fine_line'::regclass),
    pg_stat_get_xact_tuples_inserted('notice'::regclass) + pg_stat_get_xact_tuples_updated('notice'::regclass)
      + pg_stat_get_xact_tuples_deleted('notice'::regclass)
  ];
end;

-- Said when a write opens: how far each number may go until its end.
create function may_change(bounds bigint[]) returns text language sql volatile
begin atomic
  select set_config('bibby.may_reach', array[
    bounds[1] + pg_stat_get_xact_tuples_inserted('loan'::regclass) + pg_stat_get_xact_tuples_updated('loan'::regclass)
      + pg_stat_get_xact_tuples_deleted('loan'::regclass),
    bounds[2] + pg_stat_get_xact_tuples_inserted('hold'::regclass) + pg_stat_get_xact_tuples_updated('hold'::regclass)
      + pg_stat_get_xact_tuples_deleted('hold'::regclass),
    bounds[3] + pg_stat_get_xact_tuples_inserted('copy'::regclass) + pg_stat_get_xact_tuples_updated('copy'::regclass)
      + pg_stat_get_xact_tuples_deleted('copy'::regclass),
    bounds[4] + pg_stat_get_xact_tuples_inserted('title'::regclass) + pg_stat_get_xact_tuples_updated('title'::regclass)
      + pg_stat_get_xact_tuples_deleted('title'::regclass),
    bounds[5] + pg_stat_get_xact_tuples_inserted('patron'::regclass) + pg_stat_get_xact_tuples_updated('patron'::regclass)
      + pg_stat_get_xact_tuples_deleted('patron'::regclass),
    bounds[6] + pg_stat_get_xact_tuples_inserted('fine_line'::regclass) + pg_stat_get_xact_tuples_updated('fine_line'::regclass)
      + pg_stat_get_xact_tuples_deleted('fine_line'::regclass),
    bounds[7] + pg_stat_get_xact_tuples_inserted('notice'::regclass) + pg_stat_get_xact_tuples_updated('notice'::regclass)
      + pg_stat_get_xact_tuples_deleted('notice'::regclass)
  ]::text, true);
end;

-- The journal row is the last of every write, and a trigger after it sees all that the write has changed, also in the
-- statement that brought the row. A row that comes past `write` is not looked at.
create function fan_out_bounded() returns trigger language plpgsql as $$
declare
  may_reach bigint[] := nullif(current_setting('bibby.may_reach', true), '');
  has bigint[] := rows_changed();
begin
  -- One expression: a loop would cost more than the counting.
  if has[1] > may_reach[1]
    or has[2] > may_reach[2]
    or has[3] > may_reach[3]
    or has[4] > may_reach[4]
    or has[5] > may_reach[5]
    or has[6] > may_reach[6]
    or has[7] > may_reach[7]
  then
    raise exception 'The write changed more rows than it may.' using errcode = 'BB012', detail = array(
      select has[noun] - may_reach[noun] from generate_subscripts(has, 1) as noun
    )::text;
  end if;
  return null;
end
$$;
create trigger fan_out_bounded after insert on journal
  for each statement execute function fan_out_bounded();

-- The server does not count what is emptied as a whole.
create function emptied_by_nobody() returns trigger language plpgsql as $$
begin
  raise exception '% is never emptied as a whole.', tg_table_name;
end
$$;
create trigger loan_never_emptied before truncate on loan
  for each statement execute function emptied_by_nobody();
create trigger hold_never_emptied before truncate on hold
  for each statement execute function emptied_by_nobody();
create trigger copy_never_emptied before truncate on copy
  for each statement execute function emptied_by_nobody();
create trigger title_never_emptied before truncate on title
  for each statement execute function emptied_by_nobody();
create trigger patron_never_emptied before truncate on patron
  for each statement execute function emptied_by_nobody();
create trigger fine_line_never_emptied before truncate on fine_line
  for each statement execute function emptied_by_nobody();
