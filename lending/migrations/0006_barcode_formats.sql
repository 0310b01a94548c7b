-- What the barcodes of a branch look like: a slip of a scanner or of a hand is told where a new one is given to a copy.
-- oldest bibby that may run on it: 0.1.0

create table barcode_format (
  branch_id bigint primary key references branch (id),
  -- Registered as safe; a new barcode must match it from end to end.
  pattern text not null check (pattern <> ''),
  -- Matches the pattern, and is shown to whoever gives another.
  example text not null check (example <> ''),
  -- Another with each change: a barcode that was held to a former one is looked at again.
  revision uuid not null default gen_random_uuid()
);
