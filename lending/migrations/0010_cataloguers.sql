-- What cataloguers do with what is there: mend what an import set aside, merge titles, look through shelves.
-- oldest bibby that may run on it: 0.1.0

-- A record that was mended and taken in; its bytes stay here as they came.
alter table reject add column mended_at timestamptz;
alter table change_set add column mended bigint not null default 0 check (mended >= 0);

-- Two records of one title became one: this one is gone, and its address leads there.
alter table title add column merged_into bigint references title (id);
alter table title add constraint title_merged_is_gone
  check (merged_into is null or (deleted_at is not null and merged_into <> id));
create index title_by_merged_into on title (merged_into) where merged_into is not null;

-- Who places a hold has looked before the titles were merged, and waited for that to end: they look again (BB002).
-- After the row, and so after the check of its foreign key, which is what waits.
create function hold_is_on_kept_title() returns trigger language plpgsql as $$
begin
  if exists (select from title where id = new.title_id and merged_into is not null) then
    raise exception 'Title % was merged into another meanwhile.', new.title_id using errcode = 'BB002';
  end if;
  return null;
end
$$;
create trigger hold_on_kept_title after insert on hold
  for each row when (new.closed_at is null) execute function hold_is_on_kept_title();

-- Copies along the shelf: what is expected where somebody looks.
create index copy_by_shelf on copy (branch_id, shelf, call_number, id);

-- Somebody looks through a shelf; others may look through it too, and go on with it on another day.
create table stock_take (
  id bigint generated always as identity primary key,
  branch_id bigint not null references branch (id),
  -- '' is the copies that stand on no shelf with a name.
  shelf text not null,
  started_by text not null,
  started_at timestamptz not null,
  ended_at timestamptz
);
create unique index stock_take_one_open_per_shelf on stock_take (branch_id, shelf) where ended_at is null;

-- What was in somebody's hand, and what the library knew of it then. Twice is once.
create table stock_take_scan (
  stock_take_id bigint not null references stock_take (id),
  barcode text not null,
  -- Null where no copy had the barcode; the row outlives a copy whose import was undone.
  copy_id bigint references copy (id) on delete set null,
  found text not null check (found in ('here', 'elsewhere', 'on-loan', 'waited-for', 'in-transit', 'withdrawn', 'unknown')),
  scanned_by text not null,
  scanned_at timestamptz not null,
  primary key (stock_take_id, barcode)
);
create index stock_take_scan_by_copy on stock_take_scan (copy_id) where copy_id is not null;
create index stock_take_scan_by_time on stock_take_scan (stock_take_id, scanned_at desc, barcode);

-- Copies that were expected and not seen. Until they turn up they are not lent; then they are as they were.
create table missing_copy (
  copy_id bigint primary key references copy (id) on delete cascade,
  stock_take_id bigint not null references stock_take (id),
  was_lendable boolean not null,
  since timestamptz not null
);
create index missing_copy_by_stock_take on missing_copy (stock_take_id);
