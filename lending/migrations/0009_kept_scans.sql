-- What a desk scanned while the library could not be reached, and what came of it when it was handed in.
-- oldest bibby that may run on it: 0.1.0

-- Only the scans that somebody must look at: the others became loans and returns.
create table kept_scan (
  id bigint generated always as identity primary key,
  -- Of the desk that scanned.
  branch_id bigint not null references branch (id),
  -- What the desk meant to do with it.
  meant text not null check (meant in ('lend', 'take-back')),
  -- Whose card stood open; parted from it as a returned loan is.
  patron_id bigint references patron (id),
  -- The card that stood open, where nobody had it.
  unknown_card text,
  copy_id bigint references copy (id),
  -- What was scanned, where no copy has it.
  unknown_code text,
  scanned_at timestamptz not null,
  handed_in_at timestamptz not null,
  handed_in_by text not null,
  -- Why it could not be done: the code of the refusal.
  refused text not null,
  settled_at timestamptz,
  settled_by text,
  note text,
  check ((settled_at is null) = (settled_by is null)),
  check (num_nonnulls(copy_id, unknown_code) = 1)
);

create index kept_scan_open on kept_scan (branch_id, scanned_at) where settled_at is null;
create index kept_scan_by_patron on kept_scan (patron_id) where patron_id is not null;
