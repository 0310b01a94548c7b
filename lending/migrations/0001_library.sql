-- The library, whole: branches, rules, patrons, titles, copies, loans, holds, fines, journal.
-- oldest bibby that may run on it: 0.1.0

create extension if not exists pg_trgm;
create extension if not exists fuzzystrmatch;

-- One library a database. `single` makes a second row impossible.
create table library (
  single boolean primary key default true check (single),
  id uuid not null,
  name text not null,
  currency text not null default 'EUR' check (currency ~ '^[A-Z]{3}$'),
  hold_shelf_days integer not null default 7 check (hold_shelf_days between 1 and 365),
  forget_after_days integer not null default 30 check (forget_after_days between 0 and 3650),
  block_at_cents integer not null default 1000 check (block_at_cents > 0),
  version integer not null default 1,
  created_at timestamptz not null default now()
);

-- Every write transaction reads this row first; see postgres/write.ts.
create table fence (
  single boolean primary key default true check (single),
  epoch bigint not null check (epoch > 0),
  mode text not null check (mode in ('normal', 'read-only', 'halted')),
  since timestamptz not null default now(),
  -- Why, for whoever reads the banner.
  reason text not null default '',
  -- Verbs that are halted by themselves: action -> {since, because}.
  halted_verbs jsonb not null default '{}'
);
insert into fence (epoch, mode) values (1, 'normal');

create table branch (
  id bigint generated always as identity primary key,
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  name text not null,
  time_zone text not null,
  -- ISO weekdays, 1 is Monday. A branch that is closed all week could never be given a book back.
  closed_weekdays smallint[] not null default '{7}'
    check (closed_weekdays <@ '{1,2,3,4,5,6,7}' and cardinality(closed_weekdays) < 7)
);

create table closed_day (
  branch_id bigint not null references branch (id),
  day date not null,
  reason text not null default '',
  primary key (branch_id, day)
);

create table patron_category (
  id bigint generated always as identity primary key,
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  name text not null
);

create table item_type (
  id bigint generated always as identity primary key,
  code text not null unique check (code ~ '^[a-z0-9][a-z0-9-]{0,31}$'),
  name text not null
);

-- A null means "any". The most specific rule wins: branch before category before item type.
create table loan_rule (
  id bigint generated always as identity primary key,
  branch_id bigint references branch (id),
  patron_category_id bigint references patron_category (id),
  item_type_id bigint references item_type (id),
  lendable boolean not null default true,
  loan_days integer not null check (loan_days between 1 and 3650),
  renewals_max integer not null check (renewals_max between 0 and 1000),
  loans_max integer not null check (loans_max between 0 and 10000),
  holds_max integer not null check (holds_max between 0 and 10000),
  fine_cents_per_day integer not null default 0 check (fine_cents_per_day >= 0),
  grace_days integer not null default 0 check (grace_days >= 0),
  fine_cap_cents integer not null default 0 check (fine_cap_cents >= 0),
  version integer not null default 1,
  constraint loan_rule_one_for_each_case unique nulls not distinct (branch_id, patron_category_id, item_type_id)
);

-- The circulation policy is the six tables that seldom change and that every loan goes by. Any change to them gives it
-- a new version, so that a process that has read a version need not read it again; see circulation/policy.ts.
create table policy_version (
  single boolean primary key default true check (single),
  version uuid not null default gen_random_uuid()
);
insert into policy_version default values;
create function policy_changed() returns trigger language plpgsql as $$
begin
  update policy_version set version = gen_random_uuid();
  return null;
end
$$;
create trigger policy_changed after insert or update or delete or truncate on library
  for each statement execute function policy_changed();
create trigger policy_changed after insert or update or delete or truncate on branch
  for each statement execute function policy_changed();
create trigger policy_changed after insert or update or delete or truncate on closed_day
  for each statement execute function policy_changed();
create trigger policy_changed after insert or update or delete or truncate on patron_category
  for each statement execute function policy_changed();
create trigger policy_changed after insert or update or delete or truncate on item_type
  for each statement execute function policy_changed();
create trigger policy_changed after insert or update or delete or truncate on loan_rule
  for each statement execute function policy_changed();

-- Said by a write that was reckoned by the policy of one version, where that must still be the one in force.
create function in_force(version uuid, reckoned_by uuid) returns boolean language plpgsql immutable as $$
begin
  if version <> reckoned_by then
    raise exception 'The circulation policy was changed meanwhile.' using errcode = 'BB002';
  end if;
  return true;
end
$$;

create table patron (
  id bigint generated always as identity primary key,
  card text not null unique check (card <> ''),
  category_id bigint not null references patron_category (id),
  branch_id bigint not null references branch (id),
  given_name text not null,
  family_name text not null,
  email text not null default '',
  phone text not null default '',
  address text not null default '',
  note text not null default '',
  expires_on date not null,
  blocked_because text,
  blocked_at timestamptz,
  -- No batch, sweep or import passes a protected patron.
  protected boolean not null default false,
  keeps_history boolean not null default false,
  -- Has a notice of each loan and each return.
  wants_receipts boolean not null default false,
  password_hash text,
  version integer not null default 1,
  registered_at timestamptz not null default now(),
  deleted_at timestamptz,
  -- Two records of one person became one: this one is gone, its card stays taken and leads there.
  merged_into bigint references patron (id),
  check ((blocked_because is null) = (blocked_at is null)),
  constraint patron_merged_is_gone check (merged_into is null or (deleted_at is not null and merged_into <> id))
);
create index patron_by_merged_into on patron (merged_into) where merged_into is not null;
create index patron_by_name on patron using gin ((lower(family_name || ' ' || given_name)) gin_trgm_ops);

create table staff (
  id bigint generated always as identity primary key,
  login text not null unique check (login ~ '^[a-z0-9][a-z0-9._-]{0,63}$'),
  name text not null,
  role text not null check (role in ('desk', 'cataloguer', 'manager', 'operator')),
  branch_id bigint not null references branch (id),
  email text not null default '',
  password_hash text not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  deleted_at timestamptz
);

-- The token itself is never stored: who reads this table can sign nobody in.
create table session (
  token_sha256 bytea primary key,
  staff_id bigint references staff (id) on delete cascade,
  patron_id bigint references patron (id) on delete cascade,
  created_at timestamptz not null default now(),
  seen_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check (num_nonnulls(staff_id, patron_id) = 1)
);
create index session_by_staff on session (staff_id) where staff_id is not null;
create index session_by_patron on session (patron_id) where patron_id is not null;

create table sign_in_failure (
  account text not null,
  at timestamptz not null default now()
);
create index sign_in_failure_by_account on sign_in_failure (account, at);

-- What a search reads of every candidate stands first: to reach a column the server steps over all before it.
create table title (
  id bigint generated always as identity primary key,
  deleted_at timestamptz,
  -- Loans so far and the tier of usefulness that search cuts by (0 is the most lent); a sweep renews both.
  loans_count integer not null default 0,
  published_year integer check (published_year between -5000 and 9999),
  tier smallint not null default 4 check (tier between 0 and 4),
  -- Made by catalogue/search from the fields below: ' title / authors / the rest', folded; ranked by, and looked
  -- through for parts of words.
  folded text not null default '',
  -- Made there too; PostgreSQL never parses a word itself.
  words tsvector not null default ''::tsvector,
  -- ISO 639-2/B, or '' where the record does not say.
  language text not null default '',
  material text not null default 'book',
  -- Who numbered the record and how: (003, 001) of a MARC record, or the identity that a CSV mapping names.
  control_source text not null default '',
  control_number text,
  title text not null check (title <> ''),
  subtitle text not null default '',
  authors text[] not null default '{}',
  publisher text not null default '',
  -- 13 digits each; the record keeps them as they were written.
  isbns text[] not null default '{}',
  subjects text[] not null default '{}',
  series text[] not null default '{}',
  summary text not null default '',
  version integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
create unique index title_one_per_control_number on title (control_source, control_number)
  where control_number is not null and deleted_at is null;
-- One index a tier, so that even the commonest word, or a prefix of two letters, is found among the most lent
-- titles first and the search may stop there. How long the lists of entries not yet sorted in may grow is said by each
-- connection (gin_pending_list_limit, in postgres/pool.ts): short, for a search reads them whole; what writes many
-- titles at once lets them grow and sorts them in at its end (catalogue/sort-in.ts).
create index title_by_words_0 on title using gin (words)
  where tier = 0 and deleted_at is null;
create index title_by_words_1 on title using gin (words)
  where tier = 1 and deleted_at is null;
create index title_by_words_2 on title using gin (words)
  where tier = 2 and deleted_at is null;
create index title_by_words_3 on title using gin (words)
  where tier = 3 and deleted_at is null;
create index title_by_words_4 on title using gin (words)
  where tier = 4 and deleted_at is null;
create index title_by_letters_0 on title using gin (folded gin_trgm_ops)
  where tier = 0 and deleted_at is null;
create index title_by_letters_1 on title using gin (folded gin_trgm_ops)
  where tier = 1 and deleted_at is null;
create index title_by_letters_2 on title using gin (folded gin_trgm_ops)
  where tier = 2 and deleted_at is null;
create index title_by_letters_3 on title using gin (folded gin_trgm_ops)
  where tier = 3 and deleted_at is null;
create index title_by_letters_4 on title using gin (folded gin_trgm_ops)
  where tier = 4 and deleted_at is null;
create index title_by_folded_title on title using hash (split_part(folded, ' /', 1));
create index title_by_isbn on title using gin (isbns);

-- The record as it came, byte for byte. Kept apart so that a search never reads it.
create table title_record (
  title_id bigint primary key references title (id) on delete cascade,
  format text not null check (format in ('marc21', 'unimarc', 'marcxml', 'csv')),
  encoding text not null,
  raw bytea not null,
  raw_sha256 bytea not null,
  -- What was made of the record when it came: the same record read by another mapping is no longer the same.
  fields_sha256 bytea
);

-- Half of each page is left free: a count that is written anew in its own page touches no index.
create table vocabulary (
  word text primary key,
  titles integer not null
) with (fillfactor = 50);
create index vocabulary_by_likeness on vocabulary using gin (word gin_trgm_ops);

create table copy (
  id bigint generated always as identity primary key,
  title_id bigint not null references title (id),
  barcode text not null unique check (barcode <> ''),
  branch_id bigint not null references branch (id),
  item_type_id bigint not null references item_type (id),
  shelf text not null default '',
  call_number text not null default '',
  lendable boolean not null default true,
  note text not null default '',
  price_cents integer check (price_cents >= 0),
  -- Where it is on its way to; null when it is where it belongs, with a patron, or on a hold shelf.
  in_transit_to bigint references branch (id),
  withdrawn_because text,
  withdrawn_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  check ((withdrawn_because is null) = (withdrawn_at is null))
);
create index copy_by_title on copy (title_id);

create table loan (
  id bigint generated always as identity primary key,
  copy_id bigint not null references copy (id),
  -- Null once a returned loan's patron is forgotten.
  patron_id bigint references patron (id),
  -- These three are held by triggers on their tables, see kept_for_loans: a foreign key would make every checkout of
  -- a day lock the same few rows, and the server keep a list of all who do.
  patron_category_id bigint not null,
  branch_id bigint not null,
  loan_rule_id bigint not null,
  lent_at timestamptz not null,
  due_at timestamptz not null,
  renewals integer not null default 0,
  -- What it cost to be overdue before a renewal; charged with the rest at check-in.
  accrued_cents integer not null default 0 check (accrued_cents >= 0),
  returned_at timestamptz,
  returned_branch_id bigint references branch (id),
  constraint loan_open_has_patron check (returned_at is not null or patron_id is not null),
  constraint loan_ends_after_it_begins check (returned_at >= lent_at)
);
-- One copy, one pair of hands. Two desks can race; the index decides.
create unique index loan_one_open_per_copy on loan (copy_id) where returned_at is null;
create index loan_open_by_patron on loan (patron_id) where returned_at is null;
create index loan_by_patron on loan (patron_id, returned_at) where patron_id is not null and returned_at is not null;
create index loan_open_by_due on loan (due_at) where returned_at is null;
create index loan_by_copy on loan (copy_id, lent_at);

-- What a loan was lent by stays. The lock waits for loans that are being made, which say in_force when they are.
create function kept_for_loans() returns trigger language plpgsql as $$
declare
  is_used boolean;
begin
  lock table loan in share row exclusive mode;
  execute format('select exists (select from loan where %I = $1)', tg_argv[0]) into is_used using old.id;
  if is_used then
    raise foreign_key_violation using message =
      format('%s %s is kept: there are loans that were made by it.', tg_table_name, old.id);
  end if;
  return case tg_op when 'DELETE' then old else new end;
end
$$;
create trigger patron_category_kept before delete or update of id on patron_category
  for each row execute function kept_for_loans('patron_category_id');
create trigger branch_kept before delete or update of id on branch
  for each row execute function kept_for_loans('branch_id');
create trigger loan_rule_kept before delete or update of id on loan_rule
  for each row execute function kept_for_loans('loan_rule_id');
-- No row trigger sees this one.
create function never_emptied() returns trigger language plpgsql as $$
begin
  raise foreign_key_violation using message = format('%s is never emptied: loans were made by it.', tg_table_name);
end
$$;
create trigger patron_category_never_emptied before truncate on patron_category
  for each statement execute function never_emptied();
create trigger branch_never_emptied before truncate on branch
  for each statement execute function never_emptied();
create trigger loan_rule_never_emptied before truncate on loan_rule
  for each statement execute function never_emptied();

create table hold (
  id bigint generated always as identity primary key,
  title_id bigint not null references title (id),
  patron_id bigint references patron (id),
  pickup_branch_id bigint not null references branch (id),
  state text not null default 'waiting'
    check (state in ('waiting', 'in-transit', 'on-shelf', 'fulfilled', 'cancelled', 'expired')),
  placed_at timestamptz not null,
  -- Passed over until this day has begun; the place in the queue is kept. 'infinity' is until resumed.
  suspended_until date,
  copy_id bigint references copy (id),
  captured_at timestamptz,
  shelf_until date,
  closed_at timestamptz,
  version integer not null default 1,
  constraint hold_captured_has_copy check (state not in ('in-transit', 'on-shelf') or copy_id is not null),
  constraint hold_open_has_patron check (closed_at is not null or patron_id is not null),
  constraint hold_closed_is_over
    check ((closed_at is not null) = (state in ('fulfilled', 'cancelled', 'expired')))
);
create unique index hold_one_open_per_patron_and_title on hold (title_id, patron_id) where closed_at is null;
create unique index hold_one_per_captured_copy on hold (copy_id) where state in ('in-transit', 'on-shelf');
create index hold_queue on hold (title_id, placed_at, id) where closed_at is null;
create index hold_open_by_patron on hold (patron_id) where closed_at is null;
create index hold_by_patron on hold (patron_id, closed_at) where patron_id is not null and closed_at is not null;
create index hold_on_shelf_until on hold (shelf_until) where state = 'on-shelf';

-- A ledger, never a balance: what is owed is the sum.
create table fine_line (
  id bigint generated always as identity primary key,
  -- Null once the patron is erased; the amounts stay for the books.
  patron_id bigint references patron (id),
  loan_id bigint references loan (id),
  kind text not null check (kind in ('charge', 'payment', 'waiver')),
  cents integer not null,
  reason text not null default '',
  at timestamptz not null,
  check (case kind when 'charge' then cents > 0 else cents < 0 end)
);
create index fine_line_by_patron on fine_line (patron_id) where patron_id is not null;
create unique index fine_line_one_charge_per_loan on fine_line (loan_id) where kind = 'charge';

-- What decides about a loan, for lend-facts.ts; with other columns it would get another name, for processes of the
-- version before still ask for these. It is a function, because the server took longer to set out on this reading
-- than to do it. Each statement in it sees what was committed before it began, so that what the locks guard is counted
-- when they are held: patron first, then copy, everywhere.
create function lend_facts(asked_card text, asked_barcode text, is_lending boolean) returns json
language plpgsql as $$
declare
  the_patron bigint;
  borrower json;
  the_copy bigint;
  the_title bigint;
  wanted json;
begin
  if is_lending then
    select
      patron.id,
      json_build_object(
        'id', patron.id, 'card', patron.card, 'name', patron.given_name || ' ' || patron.family_name,
        'categoryId', patron.category_id, 'expiresOn', patron.expires_on, 'blockedBecause', patron.blocked_because,
        'wantsReceipts', patron.wants_receipts
      )
    into the_patron, borrower
    from patron
    where patron.card = asked_card and patron.deleted_at is null
    for no key update;
    select
      copy.id, copy.title_id,
      json_build_object(
        'id', copy.id, 'titleId', copy.title_id, 'barcode', copy.barcode, 'title', title.title,
        'itemTypeId', copy.item_type_id, 'lendable', copy.lendable, 'isInTransit', copy.in_transit_to is not null,
        'withdrawnBecause', copy.withdrawn_because
      )
    into the_copy, the_title, wanted
    from copy
    join title on title.id = copy.title_id
    where copy.barcode = asked_barcode
    for no key update of copy;
  else
    -- The same without the locks, which a server that only reads would refuse.
    select
      patron.id,
      json_build_object(
        'id', patron.id, 'card', patron.card, 'name', patron.given_name || ' ' || patron.family_name,
        'categoryId', patron.category_id, 'expiresOn', patron.expires_on, 'blockedBecause', patron.blocked_because,
        'wantsReceipts', patron.wants_receipts
      )
    into the_patron, borrower
    from patron
    where patron.card = asked_card and patron.deleted_at is null;
    select
      copy.id, copy.title_id,
      json_build_object(
        'id', copy.id, 'titleId', copy.title_id, 'barcode', copy.barcode, 'title', title.title,
        'itemTypeId', copy.item_type_id, 'lendable', copy.lendable, 'isInTransit', copy.in_transit_to is not null,
        'withdrawnBecause', copy.withdrawn_because
      )
    into the_copy, the_title, wanted
    from copy
    join title on title.id = copy.title_id
    where copy.barcode = asked_barcode;
  end if;
  return (
    select json_build_object(
      'borrower', borrower,
      'wanted', wanted,
      'policyVersion', policy_version.version,
      'openLoans', (select count(*) from loan where patron_id = the_patron and returned_at is null),
      'owesCents', (select coalesce(sum(cents), 0) from fine_line where patron_id = the_patron),
      'openLoanId', (select id from loan where copy_id = the_copy and returned_at is null),
      'capturedBy', (
        select id from hold where copy_id = the_copy and state in ('in-transit', 'on-shelf')
      ),
      'ownWaitingHoldId', (
        select id from hold
        where title_id = the_title and patron_id = the_patron and closed_at is null and state = 'waiting'
      ),
      'loanId', case when is_lending then nextval('loan_id_seq') end
    )
    from policy_version
  );
end
$$;

-- An import, or one bulk edit: named, counted, undoable.
create table change_set (
  id bigint generated always as identity primary key,
  kind text not null check (kind in ('import', 'edit')),
  name text not null,
  actor text not null,
  state text not null
    check (state in ('waiting', 'running', 'done', 'failed', 'undone', 'partly-undone')),
  failed_because text,
  format text not null default '',
  options jsonb not null default '{}',
  file_name text not null default '',
  file_path text,
  file_sha256 bytea,
  file_bytes bigint not null default 0,
  -- How far it is: everything before this byte and record is committed.
  position_bytes bigint not null default 0,
  records_read bigint not null default 0,
  imported bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  rejected bigint not null default 0,
  -- How often each kind of mending was needed, by its name.
  warnings jsonb not null default '{}',
  started_at timestamptz not null default now(),
  ended_at timestamptz,
  undone_at timestamptz,
  constraint change_set_balances check (records_read = imported + updated + unchanged + rejected)
);

create table change (
  change_set_id bigint not null references change_set (id),
  -- No foreign key: the row outlives a title whose creation was undone.
  title_id bigint not null,
  kind text not null check (kind in ('created', 'updated')),
  record_number bigint not null,
  -- The row (and its record) before the set touched it; null where the set created it.
  before jsonb,
  before_raw bytea,
  version_after integer not null,
  -- The copies that the set made under this title.
  copies_made bigint[] not null default '{}',
  -- Barcodes of those that it could not make: they are tried again when their record comes again.
  copies_left_out text[] not null default '{}',
  undone_at timestamptz,
  primary key (change_set_id, title_id)
);
create index change_by_title on change (title_id);

create table reject (
  change_set_id bigint not null references change_set (id),
  record_number bigint not null,
  position_bytes bigint not null,
  code text not null,
  reason text not null,
  raw bytea not null,
  primary key (change_set_id, record_number)
);

-- A domain is checked where a value comes in; a check of the table is read anew by every statement that adds a row.
create domain journal_outcome as text check (value in ('done', 'refused'));

-- What was done, by whom, in the same transaction; also the memory of idempotency keys.
create table journal (
  id uuid primary key,
  epoch bigint not null,
  instance text not null,
  actor text not null,
  action text not null,
  idempotency_key text,
  request_sha256 bytea,
  outcome journal_outcome not null,
  title_id bigint,
  copy_id bigint,
  patron_id bigint,
  loan_id bigint,
  hold_id bigint,
  change_set_id bigint,
  -- The versions that the actor acted on, for whoever merges two histories later.
  believed jsonb,
  answer jsonb,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null default clock_timestamp()
);
create unique index journal_one_per_key on journal (actor, idempotency_key) where idempotency_key is not null;
create index journal_by_copy on journal (copy_id, recorded_at) where copy_id is not null;
create index journal_by_patron on journal (patron_id, recorded_at) where patron_id is not null;
-- The history of a title: its own entries here, those of its copies by journal_by_copy.
create index journal_by_title on journal (title_id, recorded_at) where title_id is not null and copy_id is null;
-- Refusals name people in their answers; the sweep that forgets finds here the ones that still do.
create index journal_refusals_to_forget on journal (recorded_at)
  where outcome = 'refused' and idempotency_key is not null;
create index journal_by_time on journal using brin (recorded_at);

-- The journal only grows. The one exception is forgetting: a person's name may be taken out of an old row.
create function journal_only_grows() returns trigger language plpgsql as $$
begin
  if tg_op = 'UPDATE' and current_setting('bibby.forgetting', true) = 'on' then
    return new;
  end if;
  raise exception 'The journal is append-only: % on it is refused.', lower(tg_op) using errcode = 'BB001';
end
$$;
create trigger journal_only_grows before update or delete on journal
  for each row execute function journal_only_grows();
create trigger journal_never_emptied before truncate on journal
  for each statement execute function journal_only_grows();

-- Search runs as this role where the server lets us make one; it can read the catalogue and nothing else.
do $$
begin
  if not exists (select from pg_roles where rolname = 'bibby_search') then
    create role bibby_search nologin;
  end if;
  grant bibby_search to current_user;
exception
  when insufficient_privilege then
    raise notice 'No right to create the role bibby_search; search will run read-only as the owner.';
  when duplicate_object or unique_violation then
    null;
end
$$;
do $$
begin
  if exists (select from pg_roles where rolname = 'bibby_search') then
    grant select on title, vocabulary, copy, branch, item_type to bibby_search;
    grant select (copy_id, returned_at, due_at) on loan to bibby_search;
    grant select (copy_id, state, closed_at) on hold to bibby_search;
  end if;
end
$$;
