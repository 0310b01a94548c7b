-- When an operation is over and nobody can undo it any more, its rows are forgotten. Of one about people goes also what
-- was asked, and the digest: it says who it was to whoever has a list of all.
alter table guard_operation add column forgotten_at timestamptz;
alter table guard_operation drop constraint guard_operation_planned_is_whole;
alter table guard_operation add constraint guard_operation_planned_is_whole
  check (state in ('refused', 'expired') or forgotten_at is not null or (digest is not null and phrase is not null));

-- No statement steps around the states, whoever writes it; and what is forgotten is not taken up again.
create or replace function guard_operation_goes_on() returns trigger language plpgsql as $$
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
  if old.forgotten_at is not null and (new.forgotten_at is null or new.state <> old.state) then
    raise exception 'An operation that is forgotten stays as it is.' using errcode = 'BB003';
  end if;
  return new;
end
$$;
