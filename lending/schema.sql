-- The sum of the migrations, as PostgreSQL has it. Made by `npm run schema`; CI compares.

create table audit_forgotten (
  journal_id uuid not null,
  forgotten_by text not null,
  constraint audit_forgotten_pkey PRIMARY KEY (journal_id, forgotten_by)
);

create table audit_head (
  place text not null,
  "position" bigint not null,
  chain_sha256 bytea not null,
  at timestamp with time zone not null,
  constraint audit_head_pkey PRIMARY KEY (place)
);

create table audit_link (
  "position" bigint not null,
  journal_id uuid not null,
  action text not null,
  recorded_at timestamp with time zone not null,
  written_in bigint not null,
  forgotten_by text,
  lasting_sha256 bytea not null,
  personal_sha256 bytea not null,
  salt bytea,
  complete_at timestamp with time zone,
  chain_sha256 bytea not null,
  constraint audit_link_chain_sha256_check CHECK ((octet_length(chain_sha256) = 32)),
  constraint audit_link_lasting_sha256_check CHECK ((octet_length(lasting_sha256) = 32)),
  constraint audit_link_personal_sha256_check CHECK ((octet_length(personal_sha256) = 32)),
  constraint audit_link_position_check CHECK (("position" > 0)),
  constraint audit_link_salt_check CHECK ((octet_length(salt) = 16)),
  constraint audit_link_pkey PRIMARY KEY ("position")
);
CREATE INDEX audit_link_of_forgotten ON public.audit_link USING btree (journal_id) WHERE (forgotten_by IS NOT NULL);
CREATE UNIQUE INDEX audit_link_one_per_entry ON public.audit_link USING btree (journal_id) WHERE (forgotten_by IS NULL);
CREATE TRIGGER audit_never_emptied BEFORE TRUNCATE ON public.audit_link FOR EACH STATEMENT EXECUTE FUNCTION audit_only_grows();
CREATE TRIGGER audit_only_grows BEFORE DELETE OR UPDATE ON public.audit_link FOR EACH ROW EXECUTE FUNCTION audit_only_grows();

create table branch (
  id bigint not null generated always as identity,
  code text not null,
  name text not null,
  time_zone text not null,
  closed_weekdays smallint[] not null default '{7}'::smallint[],
  constraint branch_closed_weekdays_check CHECK (((closed_weekdays <@ '{1,2,3,4,5,6,7}'::smallint[]) AND (cardinality(closed_weekdays) < 7))),
  constraint branch_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text)),
  constraint branch_pkey PRIMARY KEY (id),
  constraint branch_code_key UNIQUE (code)
);
CREATE TRIGGER branch_kept BEFORE DELETE OR UPDATE OF id ON public.branch FOR EACH ROW EXECUTE FUNCTION kept_for_loans('branch_id');
CREATE TRIGGER branch_never_emptied BEFORE TRUNCATE ON public.branch FOR EACH STATEMENT EXECUTE FUNCTION never_emptied();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.branch FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table change (
  change_set_id bigint not null,
  title_id bigint not null,
  kind text not null,
  record_number bigint not null,
  before jsonb,
  before_raw bytea,
  version_after integer not null,
  copies_made bigint[] not null default '{}'::bigint[],
  copies_left_out text[] not null default '{}'::text[],
  undone_at timestamp with time zone,
  constraint change_kind_check CHECK ((kind = ANY (ARRAY['created'::text, 'updated'::text]))),
  constraint change_change_set_id_fkey FOREIGN KEY (change_set_id) REFERENCES change_set(id),
  constraint change_pkey PRIMARY KEY (change_set_id, title_id)
);
CREATE INDEX change_by_title ON public.change USING btree (title_id);

create table change_set (
  id bigint not null generated always as identity,
  kind text not null,
  name text not null,
  actor text not null,
  state text not null,
  failed_because text,
  format text not null default ''::text,
  options jsonb not null default '{}'::jsonb,
  file_name text not null default ''::text,
  file_path text,
  file_sha256 bytea,
  file_bytes bigint not null default 0,
  position_bytes bigint not null default 0,
  records_read bigint not null default 0,
  imported bigint not null default 0,
  updated bigint not null default 0,
  unchanged bigint not null default 0,
  rejected bigint not null default 0,
  warnings jsonb not null default '{}'::jsonb,
  started_at timestamp with time zone not null default now(),
  ended_at timestamp with time zone,
  undone_at timestamp with time zone,
  mended bigint not null default 0,
  constraint change_set_balances CHECK ((records_read = (((imported + updated) + unchanged) + rejected))),
  constraint change_set_kind_check CHECK ((kind = ANY (ARRAY['import'::text, 'edit'::text]))),
  constraint change_set_mended_check CHECK ((mended >= 0)),
  constraint change_set_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'running'::text, 'done'::text, 'failed'::text, 'undone'::text, 'partly-undone'::text]))),
  constraint change_set_pkey PRIMARY KEY (id)
);

create table closed_day (
  branch_id bigint not null,
  day date not null,
  reason text not null default ''::text,
  constraint closed_day_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint closed_day_pkey PRIMARY KEY (branch_id, day)
);
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.closed_day FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table copy (
  id bigint not null generated always as identity,
  title_id bigint not null,
  barcode text not null,
  branch_id bigint not null,
  item_type_id bigint not null,
  shelf text not null default ''::text,
  call_number text not null default ''::text,
  lendable boolean not null default true,
  note text not null default ''::text,
  price_cents integer,
  in_transit_to bigint,
  withdrawn_because text,
  withdrawn_at timestamp with time zone,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  constraint copy_barcode_check CHECK ((barcode <> ''::text)),
  constraint copy_check CHECK (((withdrawn_because IS NULL) = (withdrawn_at IS NULL))),
  constraint copy_price_cents_check CHECK ((price_cents >= 0)),
  constraint copy_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint copy_in_transit_to_fkey FOREIGN KEY (in_transit_to) REFERENCES branch(id),
  constraint copy_item_type_id_fkey FOREIGN KEY (item_type_id) REFERENCES item_type(id),
  constraint copy_title_id_fkey FOREIGN KEY (title_id) REFERENCES title(id),
  constraint copy_pkey PRIMARY KEY (id),
  constraint copy_barcode_key UNIQUE (barcode)
);
CREATE INDEX copy_by_shelf ON public.copy USING btree (branch_id, shelf, call_number, id);
CREATE INDEX copy_by_title ON public.copy USING btree (title_id);
CREATE TRIGGER copy_never_emptied BEFORE TRUNCATE ON public.copy FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();

create table fence (
  single boolean not null default true,
  epoch bigint not null,
  mode text not null,
  since timestamp with time zone not null default now(),
  reason text not null default ''::text,
  halted_verbs jsonb not null default '{}'::jsonb,
  constraint fence_epoch_check CHECK ((epoch > 0)),
  constraint fence_mode_check CHECK ((mode = ANY (ARRAY['normal'::text, 'read-only'::text, 'halted'::text]))),
  constraint fence_single_check CHECK (single),
  constraint fence_pkey PRIMARY KEY (single)
);

create table fine_line (
  id bigint not null generated always as identity,
  patron_id bigint,
  loan_id bigint,
  kind text not null,
  cents integer not null,
  reason text not null default ''::text,
  at timestamp with time zone not null,
  constraint fine_line_check CHECK (
CASE kind
    WHEN 'charge'::text THEN (cents > 0)
    ELSE (cents < 0)
END),
  constraint fine_line_kind_check CHECK ((kind = ANY (ARRAY['charge'::text, 'payment'::text, 'waiver'::text]))),
  constraint fine_line_loan_id_fkey FOREIGN KEY (loan_id) REFERENCES loan(id),
  constraint fine_line_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id),
  constraint fine_line_pkey PRIMARY KEY (id)
);
CREATE INDEX fine_line_by_patron ON public.fine_line USING btree (patron_id) WHERE (patron_id IS NOT NULL);
CREATE UNIQUE INDEX fine_line_one_charge_per_loan ON public.fine_line USING btree (loan_id) WHERE (kind = 'charge'::text);
CREATE TRIGGER fine_line_never_emptied BEFORE TRUNCATE ON public.fine_line FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();

create table guard_operation (
  id uuid not null,
  name text not null,
  arguments jsonb not null,
  state text not null,
  requested_by text not null,
  planned_at timestamp with time zone not null default clock_timestamp(),
  approve_until timestamp with time zone,
  confirm_until timestamp with time zone,
  approved_by text,
  count integer not null,
  total integer not null,
  samples jsonb not null,
  digest bytea,
  phrase text,
  code_hmac bytea,
  code_until timestamp with time zone,
  codes integer not null default 0,
  tries integer not null default 0,
  acted integer not null default 0,
  undone integer not null default 0,
  left_alone integer not null default 0,
  next_batch_at timestamp with time zone,
  undo_until timestamp with time zone,
  ended_at timestamp with time zone,
  because jsonb,
  forgotten_at timestamp with time zone,
  constraint guard_operation_code_ends CHECK (((code_hmac IS NULL) = (code_until IS NULL))),
  constraint guard_operation_code_hmac_check CHECK ((octet_length(code_hmac) = 32)),
  constraint guard_operation_code_only_while_armed CHECK (((code_hmac IS NULL) = (state <> 'armed'::text))),
  constraint guard_operation_count_check CHECK ((count >= 0)),
  constraint guard_operation_counts CHECK ((((acted >= 0) AND (acted <= count)) AND (((undone + left_alone) >= 0) AND ((undone + left_alone) <= acted)))),
  constraint guard_operation_digest_check CHECK ((octet_length(digest) = 32)),
  constraint guard_operation_planned_is_whole CHECK (((state = ANY (ARRAY['refused'::text, 'expired'::text])) OR (forgotten_at IS NOT NULL) OR ((digest IS NOT NULL) AND (phrase IS NOT NULL)))),
  constraint guard_operation_second_person CHECK ((approved_by IS DISTINCT FROM requested_by)),
  constraint guard_operation_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'armed'::text, 'executing'::text, 'done'::text, 'failed'::text, 'expired'::text, 'refused'::text, 'undoing'::text, 'undone'::text]))),
  constraint guard_operation_total_check CHECK ((total >= 0)),
  constraint guard_operation_tries_check CHECK (((tries >= 0) AND (tries <= 5))),
  constraint guard_operation_pkey PRIMARY KEY (id)
);
CREATE INDEX guard_operation_by_time ON public.guard_operation USING btree (planned_at DESC, id DESC);
CREATE INDEX guard_operation_under_way ON public.guard_operation USING btree (planned_at) WHERE (state = ANY (ARRAY['executing'::text, 'undoing'::text]));
CREATE TRIGGER guard_operation_goes_on BEFORE UPDATE ON public.guard_operation FOR EACH ROW EXECUTE FUNCTION guard_operation_goes_on();

create table guard_target (
  operation_id uuid not null,
  "position" integer not null,
  id text not null,
  version text not null,
  state text not null default 'planned'::text,
  before jsonb,
  version_after text,
  constraint guard_target_acted_has_version CHECK (((state = 'planned'::text) = (version_after IS NULL))),
  constraint guard_target_state_check CHECK ((state = ANY (ARRAY['planned'::text, 'acted'::text, 'undone'::text, 'left'::text]))),
  constraint guard_target_operation_id_fkey FOREIGN KEY (operation_id) REFERENCES guard_operation(id),
  constraint guard_target_pkey PRIMARY KEY (operation_id, "position")
);
CREATE INDEX guard_target_to_do ON public.guard_target USING btree (operation_id, "position") WHERE (state = 'planned'::text);
CREATE INDEX guard_target_to_undo ON public.guard_target USING btree (operation_id, "position") WHERE (state = 'acted'::text);

create table hold (
  id bigint not null generated always as identity,
  title_id bigint not null,
  patron_id bigint,
  pickup_branch_id bigint not null,
  state text not null default 'waiting'::text,
  placed_at timestamp with time zone not null,
  suspended_until date,
  copy_id bigint,
  captured_at timestamp with time zone,
  shelf_until date,
  closed_at timestamp with time zone,
  version integer not null default 1,
  constraint hold_captured_has_copy CHECK (((state <> ALL (ARRAY['in-transit'::text, 'on-shelf'::text])) OR (copy_id IS NOT NULL))),
  constraint hold_closed_is_over CHECK (((closed_at IS NOT NULL) = (state = ANY (ARRAY['fulfilled'::text, 'cancelled'::text, 'expired'::text])))),
  constraint hold_open_has_patron CHECK (((closed_at IS NOT NULL) OR (patron_id IS NOT NULL))),
  constraint hold_state_check CHECK ((state = ANY (ARRAY['waiting'::text, 'in-transit'::text, 'on-shelf'::text, 'fulfilled'::text, 'cancelled'::text, 'expired'::text]))),
  constraint hold_copy_id_fkey FOREIGN KEY (copy_id) REFERENCES copy(id),
  constraint hold_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id),
  constraint hold_pickup_branch_id_fkey FOREIGN KEY (pickup_branch_id) REFERENCES branch(id),
  constraint hold_title_id_fkey FOREIGN KEY (title_id) REFERENCES title(id),
  constraint hold_pkey PRIMARY KEY (id)
);
CREATE INDEX hold_by_patron ON public.hold USING btree (patron_id, closed_at) WHERE ((patron_id IS NOT NULL) AND (closed_at IS NOT NULL));
CREATE INDEX hold_on_shelf_until ON public.hold USING btree (shelf_until) WHERE (state = 'on-shelf'::text);
CREATE INDEX hold_open_by_patron ON public.hold USING btree (patron_id) WHERE (closed_at IS NULL);
CREATE INDEX hold_queue ON public.hold USING btree (title_id, placed_at, id) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX hold_one_open_per_patron_and_title ON public.hold USING btree (title_id, patron_id) WHERE (closed_at IS NULL);
CREATE UNIQUE INDEX hold_one_per_captured_copy ON public.hold USING btree (copy_id) WHERE (state = ANY (ARRAY['in-transit'::text, 'on-shelf'::text]));
CREATE TRIGGER hold_never_emptied BEFORE TRUNCATE ON public.hold FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();
CREATE TRIGGER hold_on_kept_title AFTER INSERT ON public.hold FOR EACH ROW WHEN ((new.closed_at IS NULL)) EXECUTE FUNCTION hold_is_on_kept_title();

create unlogged table instance (
  name text not null,
  version text not null,
  commit text not null,
  started_at timestamp with time zone not null,
  seen_at timestamp with time zone not null,
  figures jsonb not null,
  constraint instance_pkey PRIMARY KEY (name)
);

create table item_type (
  id bigint not null generated always as identity,
  code text not null,
  name text not null,
  constraint item_type_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text)),
  constraint item_type_pkey PRIMARY KEY (id),
  constraint item_type_code_key UNIQUE (code)
);
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.item_type FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table journal (
  id uuid not null,
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
  believed jsonb,
  answer jsonb,
  occurred_at timestamp with time zone not null,
  recorded_at timestamp with time zone not null default clock_timestamp(),
  written_in bigint not null default ((pg_current_xact_id())::text)::bigint,
  constraint journal_pkey PRIMARY KEY (id)
);
CREATE INDEX journal_by_copy ON public.journal USING btree (copy_id, recorded_at) WHERE (copy_id IS NOT NULL);
CREATE INDEX journal_by_patron ON public.journal USING btree (patron_id, recorded_at) WHERE (patron_id IS NOT NULL);
CREATE INDEX journal_by_time ON public.journal USING brin (recorded_at, written_in) WITH (autosummarize='on');
CREATE INDEX journal_by_title ON public.journal USING btree (title_id, recorded_at) WHERE ((title_id IS NOT NULL) AND (copy_id IS NULL));
CREATE INDEX journal_refusals_to_forget ON public.journal USING btree (recorded_at) WHERE (((outcome)::text = 'refused'::text) AND (idempotency_key IS NOT NULL));
CREATE UNIQUE INDEX journal_one_per_key ON public.journal USING btree (actor, idempotency_key) WHERE (idempotency_key IS NOT NULL);
CREATE TRIGGER fan_out_bounded AFTER INSERT ON public.journal FOR EACH STATEMENT EXECUTE FUNCTION fan_out_bounded();
CREATE TRIGGER journal_never_emptied BEFORE TRUNCATE ON public.journal FOR EACH STATEMENT EXECUTE FUNCTION journal_only_grows();
CREATE TRIGGER journal_only_grows BEFORE DELETE OR UPDATE ON public.journal FOR EACH ROW EXECUTE FUNCTION journal_only_grows();

create table kept_scan (
  id bigint not null generated always as identity,
  branch_id bigint not null,
  meant text not null,
  patron_id bigint,
  unknown_card text,
  copy_id bigint,
  unknown_code text,
  scanned_at timestamp with time zone not null,
  handed_in_at timestamp with time zone not null,
  handed_in_by text not null,
  refused text not null,
  settled_at timestamp with time zone,
  settled_by text,
  note text,
  constraint kept_scan_check CHECK (((settled_at IS NULL) = (settled_by IS NULL))),
  constraint kept_scan_check1 CHECK ((num_nonnulls(copy_id, unknown_code) = 1)),
  constraint kept_scan_meant_check CHECK ((meant = ANY (ARRAY['lend'::text, 'take-back'::text]))),
  constraint kept_scan_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint kept_scan_copy_id_fkey FOREIGN KEY (copy_id) REFERENCES copy(id),
  constraint kept_scan_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id),
  constraint kept_scan_pkey PRIMARY KEY (id)
);
CREATE INDEX kept_scan_by_patron ON public.kept_scan USING btree (patron_id) WHERE (patron_id IS NOT NULL);
CREATE INDEX kept_scan_open ON public.kept_scan USING btree (branch_id, scanned_at) WHERE (settled_at IS NULL);

create table library (
  single boolean not null default true,
  id uuid not null,
  name text not null,
  currency text not null default 'EUR'::text,
  hold_shelf_days integer not null default 7,
  forget_after_days integer not null default 30,
  block_at_cents integer not null default 1000,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  constraint library_block_at_cents_check CHECK ((block_at_cents > 0)),
  constraint library_currency_check CHECK ((currency ~ '^[A-Z]{3}$'::text)),
  constraint library_forget_after_days_check CHECK (((forget_after_days >= 0) AND (forget_after_days <= 3650))),
  constraint library_hold_shelf_days_check CHECK (((hold_shelf_days >= 1) AND (hold_shelf_days <= 365))),
  constraint library_single_check CHECK (single),
  constraint library_pkey PRIMARY KEY (single)
);
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.library FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table loan (
  id bigint not null generated always as identity,
  copy_id bigint not null,
  patron_id bigint,
  patron_category_id bigint not null,
  branch_id bigint not null,
  loan_rule_id bigint not null,
  lent_at timestamp with time zone not null,
  due_at timestamp with time zone not null,
  renewals integer not null default 0,
  accrued_cents integer not null default 0,
  returned_at timestamp with time zone,
  returned_branch_id bigint,
  constraint loan_accrued_cents_check CHECK ((accrued_cents >= 0)),
  constraint loan_ends_after_it_begins CHECK ((returned_at >= lent_at)),
  constraint loan_open_has_patron CHECK (((returned_at IS NOT NULL) OR (patron_id IS NOT NULL))),
  constraint loan_copy_id_fkey FOREIGN KEY (copy_id) REFERENCES copy(id),
  constraint loan_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id),
  constraint loan_returned_branch_id_fkey FOREIGN KEY (returned_branch_id) REFERENCES branch(id),
  constraint loan_pkey PRIMARY KEY (id)
);
CREATE INDEX loan_by_copy ON public.loan USING btree (copy_id, lent_at);
CREATE INDEX loan_by_patron ON public.loan USING btree (patron_id, returned_at) WHERE ((patron_id IS NOT NULL) AND (returned_at IS NOT NULL));
CREATE INDEX loan_open_by_due ON public.loan USING btree (due_at) WHERE (returned_at IS NULL);
CREATE INDEX loan_open_by_patron ON public.loan USING btree (patron_id) WHERE (returned_at IS NULL);
CREATE UNIQUE INDEX loan_one_open_per_copy ON public.loan USING btree (copy_id) WHERE (returned_at IS NULL);
CREATE TRIGGER loan_never_emptied BEFORE TRUNCATE ON public.loan FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();

create table loan_rule (
  id bigint not null generated always as identity,
  branch_id bigint,
  patron_category_id bigint,
  item_type_id bigint,
  lendable boolean not null default true,
  loan_days integer not null,
  renewals_max integer not null,
  loans_max integer not null,
  holds_max integer not null,
  fine_cents_per_day integer not null default 0,
  grace_days integer not null default 0,
  fine_cap_cents integer not null default 0,
  version integer not null default 1,
  constraint loan_rule_fine_cap_cents_check CHECK ((fine_cap_cents >= 0)),
  constraint loan_rule_fine_cents_per_day_check CHECK ((fine_cents_per_day >= 0)),
  constraint loan_rule_grace_days_check CHECK ((grace_days >= 0)),
  constraint loan_rule_holds_max_check CHECK (((holds_max >= 0) AND (holds_max <= 10000))),
  constraint loan_rule_loan_days_check CHECK (((loan_days >= 1) AND (loan_days <= 3650))),
  constraint loan_rule_loans_max_check CHECK (((loans_max >= 0) AND (loans_max <= 10000))),
  constraint loan_rule_renewals_max_check CHECK (((renewals_max >= 0) AND (renewals_max <= 1000))),
  constraint loan_rule_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint loan_rule_item_type_id_fkey FOREIGN KEY (item_type_id) REFERENCES item_type(id),
  constraint loan_rule_patron_category_id_fkey FOREIGN KEY (patron_category_id) REFERENCES patron_category(id),
  constraint loan_rule_pkey PRIMARY KEY (id),
  constraint loan_rule_one_for_each_case UNIQUE NULLS NOT DISTINCT (branch_id, patron_category_id, item_type_id)
);
CREATE TRIGGER loan_rule_kept BEFORE DELETE OR UPDATE OF id ON public.loan_rule FOR EACH ROW EXECUTE FUNCTION kept_for_loans('loan_rule_id');
CREATE TRIGGER loan_rule_never_emptied BEFORE TRUNCATE ON public.loan_rule FOR EACH STATEMENT EXECUTE FUNCTION never_emptied();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.loan_rule FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table missing_copy (
  copy_id bigint not null,
  stock_take_id bigint not null,
  was_lendable boolean not null,
  since timestamp with time zone not null,
  constraint missing_copy_copy_id_fkey FOREIGN KEY (copy_id) REFERENCES copy(id) ON DELETE CASCADE,
  constraint missing_copy_stock_take_id_fkey FOREIGN KEY (stock_take_id) REFERENCES stock_take(id),
  constraint missing_copy_pkey PRIMARY KEY (copy_id)
);
CREATE INDEX missing_copy_by_stock_take ON public.missing_copy USING btree (stock_take_id);

create table notice (
  id uuid not null,
  kind text not null,
  cause text not null,
  letter_id uuid,
  gathered_at timestamp with time zone,
  patron_id bigint,
  loan_id bigint,
  hold_id bigint,
  facts jsonb not null,
  caused_at timestamp with time zone not null,
  caused_on date not null generated always as (((caused_at AT TIME ZONE 'UTC'::text))::date) stored,
  stood_still interval not null,
  state notice_state not null default 'queued'::text,
  next_at timestamp with time zone not null,
  tries integer not null default 0,
  tried jsonb,
  resent_at timestamp with time zone,
  last_outcome text,
  message_id text,
  ended_at timestamp with time zone,
  ended_because text,
  constraint notice_ended_says_when CHECK ((((state)::text = 'queued'::text) = (ended_at IS NULL))),
  constraint notice_ended_says_why CHECK ((((state)::text = ANY (ARRAY['dead'::text, 'void'::text])) = (ended_because IS NOT NULL))),
  constraint notice_in_letter_was_gathered CHECK (((letter_id IS NULL) = (gathered_at IS NULL))),
  constraint notice_kind_check CHECK ((kind = ANY (ARRAY['hold-ready'::text, 'hold-expired'::text, 'loan-receipt'::text, 'return-receipt'::text, 'due-soon'::text, 'overdue'::text, 'card-expiring'::text]))),
  constraint notice_queued_has_patron CHECK ((((state)::text <> 'queued'::text) OR (patron_id IS NOT NULL))),
  constraint notice_sent_has_message CHECK ((((state)::text = 'sent'::text) = (message_id IS NOT NULL))),
  constraint notice_hold_id_fkey FOREIGN KEY (hold_id) REFERENCES hold(id),
  constraint notice_letter_id_fkey FOREIGN KEY (letter_id) REFERENCES notice(id),
  constraint notice_loan_id_fkey FOREIGN KEY (loan_id) REFERENCES loan(id),
  constraint notice_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id),
  constraint notice_pkey PRIMARY KEY (id),
  constraint notice_cause_key UNIQUE (cause)
);
CREATE INDEX notice_by_count ON public.notice USING btree (caused_on, kind, state);
CREATE INDEX notice_by_letter ON public.notice USING btree (letter_id) WHERE (letter_id IS NOT NULL);
CREATE INDEX notice_by_patron ON public.notice USING btree (patron_id, caused_at) WHERE (patron_id IS NOT NULL);
CREATE INDEX notice_dead ON public.notice USING btree (ended_at) WHERE ((state)::text = 'dead'::text);
CREATE INDEX notice_letters_due ON public.notice USING btree (next_at, id) WHERE (((state)::text = 'queued'::text) AND (letter_id = id));
CREATE INDEX notice_queued ON public.notice USING btree (kind, caused_at) WHERE ((state)::text = 'queued'::text);
CREATE INDEX notice_to_forget ON public.notice USING btree (ended_at) WHERE ((patron_id IS NOT NULL) AND ((state)::text = ANY (ARRAY['sent'::text, 'void'::text])));
CREATE INDEX notice_to_gather ON public.notice USING btree (next_at, id) WHERE (((state)::text = 'queued'::text) AND (letter_id IS NULL));
CREATE TRIGGER notice_caused AFTER INSERT ON public.notice REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION notice_caused();
CREATE TRIGGER notice_changed AFTER UPDATE ON public.notice REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION notice_changed();
CREATE TRIGGER notice_goes_on BEFORE UPDATE ON public.notice FOR EACH ROW EXECUTE FUNCTION notice_goes_on();
CREATE TRIGGER notice_is_kept BEFORE DELETE ON public.notice FOR EACH ROW EXECUTE FUNCTION notice_is_kept();
CREATE TRIGGER notice_never_emptied BEFORE TRUNCATE ON public.notice FOR EACH STATEMENT EXECUTE FUNCTION notice_is_kept();

create table notice_ledger_line (
  id bigint not null generated always as identity,
  notice_id uuid not null,
  caused_on date not null,
  kind text not null,
  was notice_state,
  became notice_state not null,
  at timestamp with time zone not null default clock_timestamp(),
  constraint notice_ledger_line_pkey PRIMARY KEY (id)
);
CREATE INDEX notice_ledger_line_by_notice ON public.notice_ledger_line USING btree (notice_id, id);
CREATE TRIGGER notice_ledger_line_is_kept BEFORE DELETE OR UPDATE ON public.notice_ledger_line FOR EACH ROW EXECUTE FUNCTION notice_is_kept();
CREATE TRIGGER notice_ledger_line_never_emptied BEFORE TRUNCATE ON public.notice_ledger_line FOR EACH STATEMENT EXECUTE FUNCTION notice_is_kept();

create table notice_ledger_sum (
  caused_on date not null,
  kind text not null,
  state notice_state not null,
  notices bigint not null,
  constraint notice_ledger_sum_pkey PRIMARY KEY (caused_on, kind, state)
);

create table notice_queue (
  single boolean not null default true,
  stood_still interval not null default '00:00:00'::interval,
  halted_since timestamp with time zone,
  halted_because text,
  constraint notice_queue_check CHECK (((halted_since IS NULL) = (halted_because IS NULL))),
  constraint notice_queue_single_check CHECK (single),
  constraint notice_queue_pkey PRIMARY KEY (single)
);

create table notice_setting (
  single boolean not null default true,
  due_soon_days integer not null default 3,
  overdue_days integer[] not null default '{1,7,21}'::integer[],
  card_expiring_days integer not null default 14,
  run_max integer not null default 500,
  patron_day_max integer not null default 5,
  letters_per_second_max integer not null default 20,
  language text not null default 'en'::text,
  version integer not null default 1,
  constraint notice_setting_card_expiring_days_check CHECK (((card_expiring_days >= 0) AND (card_expiring_days <= 180))),
  constraint notice_setting_due_soon_days_check CHECK (((due_soon_days >= 0) AND (due_soon_days <= 60))),
  constraint notice_setting_letters_per_second_max_check CHECK (((letters_per_second_max >= 1) AND (letters_per_second_max <= 1000))),
  constraint notice_setting_overdue_days_check CHECK ((cardinality(overdue_days) <= 10)),
  constraint notice_setting_patron_day_max_check CHECK (((patron_day_max >= 1) AND (patron_day_max <= 100))),
  constraint notice_setting_run_max_check CHECK (((run_max >= 1) AND (run_max <= 100000))),
  constraint notice_setting_single_check CHECK (single),
  constraint notice_setting_pkey PRIMARY KEY (single)
);

create table notice_switch (
  single boolean not null default true,
  installations text[] not null default '{}'::text[],
  version integer not null default 1,
  changed_at timestamp with time zone not null default now(),
  constraint notice_switch_single_check CHECK (single),
  constraint notice_switch_pkey PRIMARY KEY (single)
);

create table notice_template (
  kind text not null,
  subject text not null,
  body text not null,
  item text not null,
  version integer not null default 1,
  changed_at timestamp with time zone not null,
  constraint notice_template_pkey PRIMARY KEY (kind)
);

create table number_format (
  branch_id bigint not null,
  kind text not null,
  pattern text not null,
  example text not null,
  revision uuid not null default gen_random_uuid(),
  constraint number_format_example_check CHECK ((example <> ''::text)),
  constraint number_format_kind_check CHECK ((kind = ANY (ARRAY['barcode'::text, 'card'::text]))),
  constraint number_format_pattern_check CHECK ((pattern <> ''::text)),
  constraint number_format_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint number_format_pkey PRIMARY KEY (branch_id, kind)
);

create table often_lent_with (
  title_id bigint not null,
  other_ids bigint[] not null,
  patrons integer[] not null,
  constraint often_lent_with_check CHECK ((cardinality(other_ids) = cardinality(patrons))),
  constraint often_lent_with_hides_each CHECK ((3 <= ALL (patrons))),
  constraint often_lent_with_other_ids_check CHECK (((cardinality(other_ids) >= 1) AND (cardinality(other_ids) <= 8))),
  constraint often_lent_with_title_id_fkey FOREIGN KEY (title_id) REFERENCES title(id) ON DELETE CASCADE,
  constraint often_lent_with_pkey PRIMARY KEY (title_id)
);

create table patron (
  id bigint not null generated always as identity,
  card text,
  category_id bigint not null,
  branch_id bigint not null,
  given_name text not null,
  family_name text not null,
  email text not null default ''::text,
  phone text not null default ''::text,
  address text not null default ''::text,
  note text not null default ''::text,
  expires_on date not null,
  blocked_because text,
  blocked_at timestamp with time zone,
  protected boolean not null default false,
  keeps_history boolean not null default false,
  wants_receipts boolean not null default false,
  password_hash text,
  version integer not null default 1,
  registered_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  merged_into bigint,
  unwanted_notices text[] not null default '{}'::text[],
  constraint patron_card_check CHECK ((card <> ''::text)),
  constraint patron_check CHECK (((blocked_because IS NULL) = (blocked_at IS NULL))),
  constraint patron_merged_is_gone CHECK (((merged_into IS NULL) OR ((deleted_at IS NOT NULL) AND (merged_into <> id)))),
  constraint patron_unwanted_notices_check CHECK ((unwanted_notices <@ ARRAY['hold-ready'::text, 'hold-expired'::text, 'due-soon'::text, 'card-expiring'::text])),
  constraint patron_without_card_is_erased CHECK (((card IS NOT NULL) OR ((deleted_at IS NOT NULL) AND (((given_name || family_name) || email) = ''::text)))),
  constraint patron_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint patron_category_id_fkey FOREIGN KEY (category_id) REFERENCES patron_category(id),
  constraint patron_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES patron(id),
  constraint patron_pkey PRIMARY KEY (id),
  constraint patron_card_key UNIQUE (card)
);
CREATE INDEX patron_by_expiry ON public.patron USING btree (expires_on) WHERE (deleted_at IS NULL);
CREATE INDEX patron_by_merged_into ON public.patron USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX patron_by_name ON public.patron USING gin (lower(((family_name || ' '::text) || given_name)) gin_trgm_ops);
CREATE TRIGGER patron_never_emptied BEFORE TRUNCATE ON public.patron FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();

create table patron_category (
  id bigint not null generated always as identity,
  code text not null,
  name text not null,
  constraint patron_category_code_check CHECK ((code ~ '^[a-z0-9][a-z0-9-]{0,31}$'::text)),
  constraint patron_category_pkey PRIMARY KEY (id),
  constraint patron_category_code_key UNIQUE (code)
);
CREATE TRIGGER patron_category_kept BEFORE DELETE OR UPDATE OF id ON public.patron_category FOR EACH ROW EXECUTE FUNCTION kept_for_loans('patron_category_id');
CREATE TRIGGER patron_category_never_emptied BEFORE TRUNCATE ON public.patron_category FOR EACH STATEMENT EXECUTE FUNCTION never_emptied();
CREATE TRIGGER policy_changed AFTER INSERT OR DELETE OR UPDATE OR TRUNCATE ON public.patron_category FOR EACH STATEMENT EXECUTE FUNCTION policy_changed();

create table policy_version (
  single boolean not null default true,
  version uuid not null default gen_random_uuid(),
  constraint policy_version_single_check CHECK (single),
  constraint policy_version_pkey PRIMARY KEY (single)
);

create table reject (
  change_set_id bigint not null,
  record_number bigint not null,
  position_bytes bigint not null,
  code text not null,
  reason text not null,
  raw bytea not null,
  mended_at timestamp with time zone,
  constraint reject_change_set_id_fkey FOREIGN KEY (change_set_id) REFERENCES change_set(id),
  constraint reject_pkey PRIMARY KEY (change_set_id, record_number)
);

create table session (
  token_sha256 bytea not null,
  staff_id bigint,
  patron_id bigint,
  created_at timestamp with time zone not null default now(),
  seen_at timestamp with time zone not null default now(),
  expires_at timestamp with time zone not null,
  constraint session_check CHECK ((num_nonnulls(staff_id, patron_id) = 1)),
  constraint session_patron_id_fkey FOREIGN KEY (patron_id) REFERENCES patron(id) ON DELETE CASCADE,
  constraint session_staff_id_fkey FOREIGN KEY (staff_id) REFERENCES staff(id) ON DELETE CASCADE,
  constraint session_pkey PRIMARY KEY (token_sha256)
);
CREATE INDEX session_by_patron ON public.session USING btree (patron_id) WHERE (patron_id IS NOT NULL);
CREATE INDEX session_by_staff ON public.session USING btree (staff_id) WHERE (staff_id IS NOT NULL);

create table shelf_plan (
  branch_id bigint not null,
  shelves text[] not null,
  patterns text[] not null,
  version integer not null default 1,
  constraint shelf_plan_check CHECK (((cardinality(shelves) = cardinality(patterns)) AND (cardinality(patterns) <= 100))),
  constraint shelf_plan_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint shelf_plan_pkey PRIMARY KEY (branch_id)
);

create table sign_in_failure (
  account text not null,
  at timestamp with time zone not null default now()
);
CREATE INDEX sign_in_failure_by_account ON public.sign_in_failure USING btree (account, at);

create table staff (
  id bigint not null generated always as identity,
  login text not null,
  name text not null,
  role text not null,
  branch_id bigint not null,
  email text not null default ''::text,
  password_hash text not null,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  deleted_at timestamp with time zone,
  constraint staff_login_check CHECK ((login ~ '^[a-z0-9][a-z0-9._-]{0,63}$'::text)),
  constraint staff_role_check CHECK ((role = ANY (ARRAY['desk'::text, 'cataloguer'::text, 'manager'::text, 'operator'::text]))),
  constraint staff_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint staff_pkey PRIMARY KEY (id),
  constraint staff_login_key UNIQUE (login)
);

create table stock_take (
  id bigint not null generated always as identity,
  branch_id bigint not null,
  shelf text not null,
  started_by text not null,
  started_at timestamp with time zone not null,
  ended_at timestamp with time zone,
  constraint stock_take_branch_id_fkey FOREIGN KEY (branch_id) REFERENCES branch(id),
  constraint stock_take_pkey PRIMARY KEY (id)
);
CREATE UNIQUE INDEX stock_take_one_open_per_shelf ON public.stock_take USING btree (branch_id, shelf) WHERE (ended_at IS NULL);

create table stock_take_scan (
  stock_take_id bigint not null,
  barcode text not null,
  copy_id bigint,
  found text not null,
  scanned_by text not null,
  scanned_at timestamp with time zone not null,
  constraint stock_take_scan_found_check CHECK ((found = ANY (ARRAY['here'::text, 'elsewhere'::text, 'on-loan'::text, 'waited-for'::text, 'in-transit'::text, 'withdrawn'::text, 'unknown'::text]))),
  constraint stock_take_scan_copy_id_fkey FOREIGN KEY (copy_id) REFERENCES copy(id) ON DELETE SET NULL,
  constraint stock_take_scan_stock_take_id_fkey FOREIGN KEY (stock_take_id) REFERENCES stock_take(id),
  constraint stock_take_scan_pkey PRIMARY KEY (stock_take_id, barcode)
);
CREATE INDEX stock_take_scan_by_copy ON public.stock_take_scan USING btree (copy_id) WHERE (copy_id IS NOT NULL);
CREATE INDEX stock_take_scan_by_time ON public.stock_take_scan USING btree (stock_take_id, scanned_at DESC, barcode);

create table title (
  id bigint not null generated always as identity,
  deleted_at timestamp with time zone,
  loans_count integer not null default 0,
  published_year integer,
  tier smallint not null default 4,
  folded text not null default ''::text,
  words tsvector not null default ''::tsvector,
  language text not null default ''::text,
  material text not null default 'book'::text,
  control_source text not null default ''::text,
  control_number text,
  title text not null,
  subtitle text not null default ''::text,
  authors text[] not null default '{}'::text[],
  publisher text not null default ''::text,
  isbns text[] not null default '{}'::text[],
  subjects text[] not null default '{}'::text[],
  series text[] not null default '{}'::text[],
  summary text not null default ''::text,
  version integer not null default 1,
  created_at timestamp with time zone not null default now(),
  updated_at timestamp with time zone not null default now(),
  merged_into bigint,
  constraint title_merged_is_gone CHECK (((merged_into IS NULL) OR ((deleted_at IS NOT NULL) AND (merged_into <> id)))),
  constraint title_published_year_check CHECK (((published_year >= '-5000'::integer) AND (published_year <= 9999))),
  constraint title_tier_check CHECK (((tier >= 0) AND (tier <= 4))),
  constraint title_title_check CHECK ((title <> ''::text)),
  constraint title_merged_into_fkey FOREIGN KEY (merged_into) REFERENCES title(id),
  constraint title_pkey PRIMARY KEY (id)
);
CREATE INDEX title_by_folded_title ON public.title USING hash (split_part(folded, ' /'::text, 1));
CREATE INDEX title_by_isbn ON public.title USING gin (isbns);
CREATE INDEX title_by_letters_0 ON public.title USING gin (folded gin_trgm_ops) WHERE ((tier = 0) AND (deleted_at IS NULL));
CREATE INDEX title_by_letters_1 ON public.title USING gin (folded gin_trgm_ops) WHERE ((tier = 1) AND (deleted_at IS NULL));
CREATE INDEX title_by_letters_2 ON public.title USING gin (folded gin_trgm_ops) WHERE ((tier = 2) AND (deleted_at IS NULL));
CREATE INDEX title_by_letters_3 ON public.title USING gin (folded gin_trgm_ops) WHERE ((tier = 3) AND (deleted_at IS NULL));
CREATE INDEX title_by_letters_4 ON public.title USING gin (folded gin_trgm_ops) WHERE ((tier = 4) AND (deleted_at IS NULL));
CREATE INDEX title_by_merged_into ON public.title USING btree (merged_into) WHERE (merged_into IS NOT NULL);
CREATE INDEX title_by_words_0 ON public.title USING gin (words) WHERE ((tier = 0) AND (deleted_at IS NULL));
CREATE INDEX title_by_words_1 ON public.title USING gin (words) WHERE ((tier = 1) AND (deleted_at IS NULL));
CREATE INDEX title_by_words_2 ON public.title USING gin (words) WHERE ((tier = 2) AND (deleted_at IS NULL));
CREATE INDEX title_by_words_3 ON public.title USING gin (words) WHERE ((tier = 3) AND (deleted_at IS NULL));
CREATE INDEX title_by_words_4 ON public.title USING gin (words) WHERE ((tier = 4) AND (deleted_at IS NULL));
CREATE UNIQUE INDEX title_one_per_control_number ON public.title USING btree (control_source, control_number) WHERE ((control_number IS NOT NULL) AND (deleted_at IS NULL));
CREATE TRIGGER title_never_emptied BEFORE TRUNCATE ON public.title FOR EACH STATEMENT EXECUTE FUNCTION emptied_by_nobody();

create table title_record (
  title_id bigint not null,
  format text not null,
  encoding text not null,
  raw bytea not null,
  raw_sha256 bytea not null,
  fields_sha256 bytea,
  constraint title_record_format_check CHECK ((format = ANY (ARRAY['marc21'::text, 'unimarc'::text, 'marcxml'::text, 'csv'::text]))),
  constraint title_record_title_id_fkey FOREIGN KEY (title_id) REFERENCES title(id) ON DELETE CASCADE,
  constraint title_record_pkey PRIMARY KEY (title_id)
);

create table vocabulary (
  word text not null,
  titles integer not null,
  constraint vocabulary_pkey PRIMARY KEY (word)
);
CREATE INDEX vocabulary_by_likeness ON public.vocabulary USING gin (word gin_trgm_ops);

CREATE OR REPLACE FUNCTION public.audit_only_grows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'UPDATE' then
    if new.salt is null and to_jsonb(new) - 'salt' = to_jsonb(old) - 'salt' then
      return new;
    end if;
  end if;
  raise exception 'The audit chain is append-only: % on it is refused.', lower(tg_op) using errcode = 'BB001';
end
$function$
;

CREATE OR REPLACE FUNCTION public.emptied_by_nobody()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise exception '% is never emptied as a whole.', tg_table_name;
end
$function$
;

CREATE OR REPLACE FUNCTION public.fan_out_bounded()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  may_reach bigint[] := nullif(current_setting('bibby.may_reach', true), '');
  has bigint[] := rows_changed();
begin
  -- One expression: a loop would cost more than the counting.
  if has[1] > may_reach[1]
    or has[2] > may_reach[2]
    or has[3] > may_reach[3]
    or has[4] > may_reach[4]
    or has[5] > may_reach[5]
    or has[6] > may_reach[6]
    or has[7] > may_reach[7]
  then
    raise exception 'The write changed more rows than it may.' using errcode = 'BB012', detail = array(
      select has[noun] - may_reach[noun] from generate_subscripts(has, 1) as noun
    )::text;
  end if;
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION public.guard_operation_goes_on()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if old.state <> new.state and (old.state || '>' || new.state) not in (
    'planned>armed', 'planned>expired', 'planned>refused',
    'armed>executing', 'armed>expired', 'armed>refused',
    'executing>done', 'executing>failed', 'executing>refused',
    'done>undoing', 'failed>undoing', 'undoing>undone'
  ) then
    raise exception 'An operation cannot go from % to %.', old.state, new.state using errcode = 'BB003';
  end if;
  if new.tries < old.tries then
    raise exception 'A try is never taken back.' using errcode = 'BB003';
  end if;
  if old.forgotten_at is not null and (new.forgotten_at is null or new.state <> old.state) then
    raise exception 'An operation that is forgotten stays as it is.' using errcode = 'BB003';
  end if;
  return new;
end
$function$
;

CREATE OR REPLACE FUNCTION public.hold_is_on_kept_title()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if exists (select from title where id = new.title_id and merged_into is not null) then
    raise exception 'Title % was merged into another meanwhile.', new.title_id using errcode = 'BB002';
  end if;
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION public.in_force(version uuid, reckoned_by uuid)
 RETURNS boolean
 LANGUAGE plpgsql
 IMMUTABLE
AS $function$
begin
  if version <> reckoned_by then
    raise exception 'The circulation policy was changed meanwhile.' using errcode = 'BB002';
  end if;
  return true;
end
$function$
;

CREATE OR REPLACE FUNCTION public.journal_only_grows()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
declare
  forgets text := current_setting('bibby.forgetting', true);
begin
  if tg_op = 'UPDATE' and forgets ~ '^\S+ \S' then
    if (
      new.id, new.epoch, new.instance, new.action, new.outcome, new.title_id, new.copy_id, new.loan_id, new.hold_id,
      new.change_set_id, new.believed, new.occurred_at, new.recorded_at, new.written_in
    ) is distinct from (
      old.id, old.epoch, old.instance, old.action, old.outcome, old.title_id, old.copy_id, old.loan_id, old.hold_id,
      old.change_set_id, old.believed, old.occurred_at, old.recorded_at, old.written_in
    )
      or new.actor <> (case when old.actor like 'patron:%' then 'patron' else old.actor end)
      or num_nonnulls(new.patron_id, new.idempotency_key, new.request_sha256) > 0
      or (
        new.answer is not null
        and new.answer is distinct from jsonb_build_object('refused', old.answer -> 'refused')
      )
    then
      raise exception 'Forgetting takes people out of an entry of the journal and changes nothing else.'
        using errcode = 'BB001';
    end if;
    update audit_link set salt = null where journal_id = new.id and salt is not null;
    insert into audit_forgotten (journal_id, forgotten_by) values (new.id, forgets);
    return new;
  end if;
  raise exception 'The journal is append-only: % on it is refused.', lower(tg_op) using errcode = 'BB001';
end
$function$
;

CREATE OR REPLACE FUNCTION public.kept_for_loans()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.lend_facts(asked_card text, asked_barcode text, is_lending boolean)
 RETURNS json
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.may_change(bounds bigint[])
 RETURNS text
 LANGUAGE sql
BEGIN ATOMIC
 SELECT set_config('bibby.may_reach'::text, (ARRAY[((((bounds)[1] + pg_stat_get_xact_tuples_inserted(('loan'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('loan'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('loan'::regclass)::oid)), ((((bounds)[2] + pg_stat_get_xact_tuples_inserted(('hold'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('hold'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('hold'::regclass)::oid)), ((((bounds)[3] + pg_stat_get_xact_tuples_inserted(('copy'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('copy'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('copy'::regclass)::oid)), ((((bounds)[4] + pg_stat_get_xact_tuples_inserted(('title'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('title'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('title'::regclass)::oid)), ((((bounds)[5] + pg_stat_get_xact_tuples_inserted(('patron'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('patron'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('patron'::regclass)::oid)), ((((bounds)[6] + pg_stat_get_xact_tuples_inserted(('fine_line'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('fine_line'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('fine_line'::regclass)::oid)), ((((bounds)[7] + pg_stat_get_xact_tuples_inserted(('notice'::regclass)::oid)) + pg_stat_get_xact_tuples_updated(('notice'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('notice'::regclass)::oid))])::text, true) AS set_config;
END
;

CREATE OR REPLACE FUNCTION public.never_emptied()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  raise foreign_key_violation using message = format('%s is never emptied: loans were made by it.', tg_table_name);
end
$function$
;

CREATE OR REPLACE FUNCTION public.notice_caused()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into notice_ledger_line (notice_id, caused_on, kind, became)
  select id, caused_on, kind, state from fresh;
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION public.notice_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  insert into notice_ledger_line (notice_id, caused_on, kind, was, became)
  select after.id, after.caused_on, after.kind, before.state, after.state
  from after
  join before on before.id = after.id
  where after.state <> before.state;
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION public.notice_goes_on()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
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
$function$
;

CREATE OR REPLACE FUNCTION public.notice_is_kept()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  if tg_op = 'DELETE' and tg_table_name = 'notice_ledger_line' and current_setting('bibby.adding_up', true) = 'on' then
    return old;
  end if;
  raise exception 'Notices and their ledger are kept: % on % is refused.', lower(tg_op), tg_table_name
    using errcode = 'BB003';
end
$function$
;

CREATE OR REPLACE FUNCTION public.notice_stood_still(at timestamp with time zone)
 RETURNS interval
 LANGUAGE sql
 STABLE
AS $function$
  select stood_still + greatest(coalesce(at - halted_since, '0'), '0') from notice_queue
$function$
;

CREATE OR REPLACE FUNCTION public.policy_changed()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  update policy_version set version = gen_random_uuid();
  return null;
end
$function$
;

CREATE OR REPLACE FUNCTION public.rows_changed()
 RETURNS bigint[]
 LANGUAGE sql
BEGIN ATOMIC
 SELECT ARRAY[((pg_stat_get_xact_tuples_inserted(('loan'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('loan'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('loan'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('hold'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('hold'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('hold'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('copy'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('copy'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('copy'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('title'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('title'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('title'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('patron'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('patron'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('patron'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('fine_line'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('fine_line'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('fine_line'::regclass)::oid)), ((pg_stat_get_xact_tuples_inserted(('notice'::regclass)::oid) + pg_stat_get_xact_tuples_updated(('notice'::regclass)::oid)) + pg_stat_get_xact_tuples_deleted(('notice'::regclass)::oid))] AS "array";
END
;
