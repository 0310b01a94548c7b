-- What new numbers look like, branch by branch: barcodes, as before, and the cards of patrons.
-- oldest bibby that may run on it: 0.1.0

create table number_format (
  branch_id bigint not null references branch (id),
  kind text not null check (kind in ('barcode', 'card')),
  -- Registered as safe; a new number must match it from end to end.
  pattern text not null check (pattern <> ''),
  -- Matches the pattern, and is shown to whoever gives another.
  example text not null check (example <> ''),
  -- Another with each change: a number that was held to a former one is looked at again.
  revision uuid not null default gen_random_uuid(),
  primary key (branch_id, kind)
);

insert into number_format (branch_id, kind, pattern, example, revision)
select branch_id, 'barcode', pattern, example, revision from barcode_format;

drop table barcode_format;

-- Which call numbers stand on which shelf of a branch.
create table shelf_plan (
  branch_id bigint primary key references branch (id),
  -- Ranges in their order, the first that matches counts: one shelf and one pattern each.
  shelves text[] not null,
  -- Registered as safe; a call number must begin with it.
  patterns text[] not null,
  -- A plan that is emptied stays, so that no version comes twice.
  version integer not null default 1,
  check (cardinality(shelves) = cardinality(patterns) and cardinality(patterns) <= 100)
);
