-- Patrons choose which kinds of notices they are told by mail. Receipts are asked for, as before; overdue is told to all.
-- oldest bibby that may run on it: 0.1.0

alter table patron add column unwanted_notices text[] not null default '{}'
  constraint patron_unwanted_notices_check
  check (unwanted_notices <@ array['hold-ready', 'hold-expired', 'due-soon', 'card-expiring']);
