/** Raised with each change of the tables. A file of a higher number is refused. */
export const schemaVersion = 1

/** The tables. Times are milliseconds since 1970, UTC. */
export const schema = `
create table fact (name text primary key, value text not null) strict;

create table sample (
  id integer primary key autoincrement,
  component text not null,
  probe text not null,
  prober text not null,
  at integer not null,
  outcome text not null check (outcome in ('ok', 'slow', 'failed', 'unknown')),
  latency_ms real,
  detail text not null
) strict;
create index sample_by_probe on sample (component, probe, prober, id);
create index sample_by_time on sample (at);

-- The verdict of now, and up to when its time is counted.
create table standing (
  component text primary key,
  verdict text not null,
  since integer not null,
  because text not null,
  counted_to integer not null,
  -- When it was judged last, by the clock as it was then: what is older is told as unknown.
  judged_at integer not null
) strict;

create table day (
  component text not null,
  day text not null,
  verdict text not null,
  ms integer not null check (ms >= 0),
  primary key (component, day, verdict)
) strict;

create table slice (
  component text not null,
  at integer not null,
  p50_ms real not null,
  p95_ms real not null,
  primary key (component, at)
) strict;

create table incident (
  id text primary key,
  title text not null,
  impact text not null,
  components text not null,
  opened_at integer not null,
  resolved_at integer
) strict;
create table incident_update (
  id integer primary key autoincrement,
  incident text not null references incident (id),
  at integer not null,
  state text not null,
  text text not null
) strict;

create table maintenance (
  id text primary key,
  title text not null,
  components text not null,
  starts_at integer not null,
  ends_at integer not null
) strict;
create table maintenance_update (
  id integer primary key autoincrement,
  maintenance text not null references maintenance (id),
  at integer not null,
  state text not null,
  text text not null
) strict;

create index incident_update_by_incident on incident_update (incident, id);
create index maintenance_update_by_maintenance on maintenance_update (maintenance, id);

create table subscription (
  id text primary key,
  kind text not null check (kind in ('mail', 'webhook')),
  address text not null,
  state text not null check (state in ('asked', 'active')),
  secret text not null,
  asked_at integer not null,
  unique (kind, address)
) strict;

-- What is to be told to whom; written with what it tells, in one transaction.
create table delivery (
  id text primary key,
  kind text not null check (kind in ('mail', 'webhook')),
  address text not null,
  secret text not null,
  subject text not null,
  body text not null,
  leave text not null,
  state text not null check (state in ('waiting', 'sending', 'done', 'dead')),
  tries integer not null,
  next_at integer not null,
  made_at integer not null,
  why text not null
) strict;
create index delivery_by_turn on delivery (state, next_at);

create table prober (name text primary key, last_at integer not null, last_sequence integer not null) strict;
create table target (name text primary key, revision integer not null, published_at integer, problem text not null) strict;
create table traffic (at integer primary key, requests real not null, errors real not null) strict;
create table alert (name text primary key, since integer not null) strict
`
