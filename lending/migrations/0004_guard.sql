-- What destroys: operations with their plans, as safeguards/guard keeps them. What follows is its schema.sql, unchanged.
-- oldest bibby that may run on it: 0.1.0

-- The operations of the guard and the rows that each is about.
create table guard_operation (
  id uuid primary key,
  name text not null,
  arguments jsonb not null,
  state text not null
    check (state in ('planned', 'armed', 'executing', 'done', 'failed', 'expired', 'refused', 'undoing', 'undone')),
  requested_by text not null,
  planned_at timestamptz not null default clock_timestamp(),
  -- Until when it may be approved, where it needs a second person; and confirmed.
  approve_until timestamptz,
  confirm_until timestamptz,
  approved_by text,
  -- What the plan found. A plan that was refused has no digest and no rows.
  count integer not null check (count >= 0),
  total integer not null check (total >= 0),
  samples jsonb not null,
  digest bytea check (octet_length(digest) = 32),
  phrase text,
  -- An HMAC, never the code.
  code_hmac bytea check (octet_length(code_hmac) = 32),
  code_until timestamptz,
  codes integer not null default 0,
  tries integer not null default 0 check (tries between 0 and 5),
  acted integer not null default 0,
  undone integer not null default 0,
  left_alone integer not null default 0,
  next_batch_at timestamptz,
  undo_until timestamptz,
  ended_at timestamptz,
  -- Why it was refused or failed.
  because jsonb,
  constraint guard_operation_code_only_while_armed check ((code_hmac is null) = (state <> 'armed')),
  constraint guard_operation_counts check (acted between 0 and count and undone + left_alone between 0 and acted),
  constraint guard_operation_code_ends check ((code_hmac is null) = (code_until is null)),
  -- One tired person is not two.
  constraint guard_operation_second_person check (approved_by is distinct from requested_by),
  constraint guard_operation_planned_is_whole
    check (state in ('refused', 'expired') or (digest is not null and phrase is not null))
);
create index guard_operation_by_time on guard_operation (planned_at desc, id desc);
create index guard_operation_under_way on guard_operation (planned_at) where state in ('executing', 'undoing');

create table guard_target (
  operation_id uuid not null references guard_operation (id),
  position integer not null,
  id text not null,
  version text not null,
  state text not null default 'planned' check (state in ('planned', 'acted', 'undone', 'left')),
  -- What undo needs, and what it must find.
  before jsonb,
  version_after text,
  primary key (operation_id, position),
  constraint guard_target_acted_has_version check ((state = 'planned') = (version_after is null))
);
create index guard_target_to_do on guard_target (operation_id, position) where state = 'planned';
create index guard_target_to_undo on guard_target (operation_id, position) where state = 'acted';

-- No statement steps around the states, whoever writes it.
create function guard_operation_goes_on() returns trigger language plpgsql as $$
begin
  if old.state <> new.state and (old.state || '>' || new.state) not in (
    'planned>armed', 'planned>expired', 'planned>refused',
    'armed>executing', 'armed>expired', 'armed>refused',
    'executing>done', 'executing>failed', 'executing>refused',
    'done>undoing', 'failed>undoing', 'undoing>undone'
  ) then
    raise exception 'An operation cannot go from % to %.', old.state, new.state using errcode = 'BB003';
  end if;
  if new.tries < old.tries then
    raise exception 'A try is never taken back.' using errcode = 'BB003';
  end if;
  return new;
end
$$;
create trigger guard_operation_goes_on before update on guard_operation
  for each row execute function guard_operation_goes_on();
