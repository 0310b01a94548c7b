-- Which Bibbys are at work on this database.
-- oldest bibby that may run on it: 0.1.0

-- Who writes here says every few seconds that it is there. Unlogged: it is worth nothing after a crash, a library at rest makes
-- no log by it, and it is in no backup.
create unlogged table instance (
  name text primary key,
  version text not null,
  commit text not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  -- How it feels, as its own page tells it.
  figures jsonb not null
);
