-- Which titles are taken home together. Nothing here says by whom.
-- oldest bibby that may run on it: 0.1.0

create table often_lent_with (
  title_id bigint primary key references title (id) on delete cascade,
  -- Other titles, and how many different patrons took both home in one visit within thirty days: the most that there
  -- ever were at once. Fewer than three are never written down.
  other_ids bigint[] not null,
  patrons integer[] not null,
  check (cardinality(other_ids) = cardinality(patrons)),
  check (cardinality(other_ids) between 1 and 8),
  constraint often_lent_with_hides_each check (3 <= all (patrons))
);
