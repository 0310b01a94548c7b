-- What patrons are told: notices, the letters that they go out in, and a ledger that knows of every one.
-- oldest bibby that may run on it: 0.1.0

-- Who may send: the installations at which a person turned notices on. A database that was restored or copied
-- elsewhere is at another installation, and silent there.
create table notice_switch (
  single boolean primary key default true check (single),
  installations text[] not null default '{}',
  version integer not null default 1,
  changed_at timestamptz not null default now()
);
insert into notice_switch default values;

create table notice_setting (
  single boolean primary key default true check (single),
  due_soon_days integer not null default 3 check (due_soon_days between 0 and 60),
  overdue_days integer[] not null default '{1,7,21}' check (cardinality(overdue_days) <= 10),
  card_expiring_days integer not null default 14 check (card_expiring_days between 0 and 180),
  run_max integer not null default 500 check (run_max between 1 and 100000),
  patron_day_max integer not null default 5 check (patron_day_max between 1 and 100),
  letters_per_second_max integer not null default 20 check (letters_per_second_max between 1 and 1000),
  -- Days and amounts are written as this language writes them (BCP 47).
  language text not null default 'en',
  version integer not null default 1
);
insert into notice_setting default values;

-- A text that the library wrote itself; a kind without a row has the text that Bibby brings.
create table notice_template (
  kind text primary key,
  subject text not null,
  body text not null,
  -- How one of several things is told, as a line of the body.
  item text not null,
  version integer not null default 1,
  changed_at timestamptz not null
);

-- How long sending has stood still in all: so much longer does a notice keep.
create table notice_queue (
  single boolean primary key default true check (single),
  stood_still interval not null default '0',
  halted_since timestamptz,
  halted_because text,
  check ((halted_since is null) = (halted_because is null))
);
insert into notice_queue default values;
create function notice_stood_still(at timestamptz) returns interval language sql stable as $$
  select stood_still + greatest(coalesce(at - halted_since, '0'), '0') from notice_queue
$$;

create index patron_by_expiry on patron (expires_on) where deleted_at is null;

create domain notice_state as text check (value in ('queued', 'sent', 'dead', 'void'));

create table notice (
  id uuid primary key,
  kind text not null
    check (
      kind in (
        'hold-ready', 'hold-expired', 'loan-receipt', 'return-receipt', 'due-soon', 'overdue', 'card-expiring'
      )
    ),
  -- What brought it about, as `due-soon:LOAN:DAY`. The same thing causes it once.
  cause text not null unique,
  -- The first notice of the letter that it goes out in; null until the sender has gathered it.
  letter_id uuid references notice (id),
  gathered_at timestamptz,
  -- Null once it is forgotten whom it was for.
  patron_id bigint references patron (id),
  loan_id bigint references loan (id),
  hold_id bigint references hold (id),
  -- What its text is made from.
  facts jsonb not null,
  caused_at timestamptz not null,
  caused_on date not null generated always as ((caused_at at time zone 'UTC')::date) stored,
  -- How long sending had stood still when it was caused.
  stood_still interval not null,
  state notice_state not null default 'queued',
  -- Of a letter, kept at its first notice.
  next_at timestamptz not null,
  tries integer not null default 0,
  -- What was last given to the notice service, from before it is given until it is known not to have been taken: the
  -- same id must bring the same words.
  tried jsonb,
  -- When a person last asked to send it again.
  resent_at timestamptz,
  last_outcome text,
  message_id text,
  ended_at timestamptz,
  ended_because text,
  constraint notice_sent_has_message check ((state = 'sent') = (message_id is not null)),
  constraint notice_ended_says_when check ((state = 'queued') = (ended_at is null)),
  constraint notice_ended_says_why check ((state in ('dead', 'void')) = (ended_because is not null)),
  constraint notice_in_letter_was_gathered check ((letter_id is null) = (gathered_at is null)),
  constraint notice_queued_has_patron check (state <> 'queued' or patron_id is not null)
);
create index notice_to_gather on notice (next_at, id) where state = 'queued' and letter_id is null;
create index notice_letters_due on notice (next_at, id) where state = 'queued' and letter_id = id;
create index notice_queued on notice (kind, caused_at) where state = 'queued';
create index notice_by_letter on notice (letter_id) where letter_id is not null;
create index notice_dead on notice (ended_at) where state = 'dead';
create index notice_by_patron on notice (patron_id, caused_at) where patron_id is not null;
create index notice_to_forget on notice (ended_at) where patron_id is not null and state in ('sent', 'void');
create index notice_by_count on notice (caused_on, kind, state);

-- Every notice that was ever caused and each change of its state, written by triggers: what the rows of `notice` are
-- counted against. Lines only grow; old ones are added up into sums.
create table notice_ledger_line (
  id bigint generated always as identity primary key,
  notice_id uuid not null,
  caused_on date not null,
  kind text not null,
  was notice_state,
  became notice_state not null,
  at timestamptz not null default clock_timestamp()
);
create index notice_ledger_line_by_notice on notice_ledger_line (notice_id, id);
create table notice_ledger_sum (
  caused_on date not null,
  kind text not null,
  state notice_state not null,
  notices bigint not null,
  primary key (caused_on, kind, state)
);

create function notice_caused() returns trigger language plpgsql as $$
begin
  insert into notice_ledger_line (notice_id, caused_on, kind, became)
  select id, caused_on, kind, state from fresh;
  return null;
end
$$;
create trigger notice_caused after insert on notice
  referencing new table as fresh for each statement execute function notice_caused();

create function notice_changed() returns trigger language plpgsql as $$
begin
  insert into notice_ledger_line (notice_id, caused_on, kind, was, became)
  select after.id, after.caused_on, after.kind, before.state, after.state
  from after
  join before on before.id = after.id
  where after.state <> before.state;
  return null;
end
$$;
create trigger notice_changed after update on notice
  referencing old table as before new table as after for each statement execute function notice_changed();

-- What was sent stays sent; what is dead waits for a person, who sends it again or lets it be.
create function notice_goes_on() returns trigger language plpgsql as $$
begin
  if new.state <> old.state
    and (old.state, new.state) not in (
      ('queued', 'sent'), ('queued', 'dead'), ('queued', 'void'), ('dead', 'queued'), ('dead', 'void')
    )
  then
    raise exception 'A notice that is % does not become %.', old.state, new.state using errcode = 'BB003';
  end if;
  if (new.id, new.kind, new.cause, new.caused_at) is distinct from (old.id, old.kind, old.cause, old.caused_at) then
    raise exception 'What caused a notice does not change.' using errcode = 'BB003';
  end if;
  return new;
end
$$;
create trigger notice_goes_on before update on notice for each row execute function notice_goes_on();

create function notice_is_kept() returns trigger language plpgsql as $$
begin
  if tg_op = 'DELETE' and tg_table_name = 'notice_ledger_line' and current_setting('bibby.adding_up', true) = 'on' then
    return old;
  end if;
  raise exception 'Notices and their ledger are kept: % on % is refused.', lower(tg_op), tg_table_name
    using errcode = 'BB003';
end
$$;
create trigger notice_is_kept before delete on notice for each row execute function notice_is_kept();
create trigger notice_never_emptied before truncate on notice
  for each statement execute function notice_is_kept();
create trigger notice_ledger_line_is_kept before update or delete on notice_ledger_line
  for each row execute function notice_is_kept();
create trigger notice_ledger_line_never_emptied before truncate on notice_ledger_line
  for each statement execute function notice_is_kept();
