-- The audit chain: what the journal says is linked, entry to entry, so that a change of it is found.
-- oldest bibby that may run on it: 0.1.0

-- The transaction that wrote the entry. All transactions below the oldest one that is still open have ended, so what they
-- wrote can be taken in an order that nothing is added to later. Times and identities cannot promise that: a
-- transaction may commit late, and a clock may be wrong.
alter table journal add column written_in bigint not null default (pg_current_xact_id()::text::bigint);
drop index journal_by_time;
create index journal_by_time on journal using brin (recorded_at, written_in) with (autosummarize = on);

-- One row for each entry, and one more each time that an entry is forgotten. Not by foreign key: a link outlives its entry,
-- or nobody could say what was removed.
create table audit_link (
  position bigint primary key check (position > 0),
  journal_id uuid not null,
  -- As the entry had them, to name it by when it is gone.
  action text not null,
  recorded_at timestamptz not null,
  written_in bigint not null,
  -- The actor and the key of the write that forgot; null for the entry as it was written.
  forgotten_by text,
  lasting_sha256 bytea not null check (octet_length(lasting_sha256) = 32),
  -- Of the salt and what names people. Without the salt nobody can work out from it who it was.
  personal_sha256 bytea not null check (octet_length(personal_sha256) = 32),
  salt bytea check (octet_length(salt) = 16),
  -- Everything that had been committed by then is linked up to here, but for what had a writer before it still open.
  complete_at timestamptz,
  chain_sha256 bytea not null check (octet_length(chain_sha256) = 32)
);
create unique index audit_link_one_per_entry on audit_link (journal_id) where forgotten_by is null;
create index audit_link_of_forgotten on audit_link (journal_id) where forgotten_by is not null;

-- Entries that were forgotten and wait for their link.
create table audit_forgotten (
  journal_id uuid not null,
  forgotten_by text not null,
  primary key (journal_id, forgotten_by)
);

-- The last head that was written outside the database, for each data folder.
create table audit_head (
  place text primary key,
  position bigint not null,
  chain_sha256 bytea not null,
  at timestamptz not null
);

-- The journal only grows. The one exception is forgetting: what names a person may be taken out of an entry, and nothing
-- put in. It is told who forgets by `bibby.forgetting`: the actor and the key of the write, a space between.
create or replace function journal_only_grows() returns trigger language plpgsql as $$
declare
  forgets text := current_setting('bibby.forgetting', true);
begin
  if tg_op = 'UPDATE' and forgets ~ '^\S+ \S' then
    if (
      new.id, new.epoch, new.instance, new.action, new.outcome, new.title_id, new.copy_id, new.loan_id, new.hold_id,
      new.change_set_id, new.believed, new.occurred_at, new.recorded_at, new.written_in
    ) is distinct from (
      old.id, old.epoch, old.instance, old.action, old.outcome, old.title_id, old.copy_id, old.loan_id, old.hold_id,
      old.change_set_id, old.believed, old.occurred_at, old.recorded_at, old.written_in
    )
      or new.actor <> (case when old.actor like 'patron:%' then 'patron' else old.actor end)
      or num_nonnulls(new.patron_id, new.idempotency_key, new.request_sha256) > 0
      or (
        new.answer is not null
        and new.answer is distinct from jsonb_build_object('refused', old.answer -> 'refused')
      )
    then
      raise exception 'Forgetting takes people out of an entry of the journal and changes nothing else.'
        using errcode = 'BB001';
    end if;
    update audit_link set salt = null where journal_id = new.id and salt is not null;
    insert into audit_forgotten (journal_id, forgotten_by) values (new.id, forgets);
    return new;
  end if;
  raise exception 'The journal is append-only: % on it is refused.', lower(tg_op) using errcode = 'BB001';
end
$$;

-- The chain only grows too. A salt may go, and nothing else.
create function audit_only_grows() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' then
    if new.salt is null and to_jsonb(new) - 'salt' = to_jsonb(old) - 'salt' then
      return new;
    end if;
  end if;
  raise exception 'The audit chain is append-only: % on it is refused.', lower(tg_op) using errcode = 'BB001';
end
$$;
create trigger audit_only_grows before update or delete on audit_link
  for each row execute function audit_only_grows();
create trigger audit_never_emptied before truncate on audit_link
  for each statement execute function audit_only_grows();
