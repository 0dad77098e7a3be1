-- All tables, triggers and functions, for psql:
--
--   psql -d voice_agent -f database/migrate_profiles.sql
--
-- Generated from migrations/; edit those, then: UPDATE=1 cargo test -p database --test postgres migrations
-- Running it again applies what is missing and says what was there. All or nothing.

\set ON_ERROR_STOP on
\set QUIET on
SET client_min_messages = warning;
BEGIN;
-- Waits for a worker that is migrating at this moment.
SELECT pg_advisory_xact_lock(7000, 0) \gset
CREATE TABLE IF NOT EXISTS refinery_schema_history (
  version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255), checksum varchar(255));
RESET client_min_messages;

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 1) AS pending \gset
\if :pending
\echo applying 1 profiles_sessions_messages

-- The heart of the record: who called (profiles), each call (sessions), what was said
-- (messages), and what it came to (summaries).
--
-- Why this shape:
--   * A message's key is (session_id, seq) from the first migration on, so that whatever is
--     retried after a lost reply cannot store a turn twice.
--   * Messages carry no profile. They follow their session, so joining two profiles costs one
--     update per session, however much was said.
--   * A merged profile keeps its row and points at its live profile, which is what makes an
--     exact unmerge possible. Its counters are zero by CHECK, so no query can count it twice.
--   * Every row names its tenant; the default comes from the setting app.tenant.

CREATE TYPE profile_kind AS ENUM ('anonymous', 'authenticated');
CREATE TYPE msg_role AS ENUM ('user', 'assistant', 'system', 'tool');
CREATE TYPE sentiment3 AS ENUM ('positive', 'neutral', 'negative');
CREATE TYPE resolution AS ENUM ('resolved', 'escalated', 'incomplete');

-- The tenant of this connection, or NULL. After a SET LOCAL ends, the setting is an empty
-- string rather than absent, and a plain cast of that would be an error: hence NULLIF.
CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('app.tenant', true), '')::int $$;

-- psql and other tools that set nothing work on tenant 1. PostgreSQL lets a superuser store
-- this default; where another role migrates, the notice says what a superuser should run.
-- The application does not depend on it: its connections name their tenant.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET app.tenant = %L', current_database(), '1');
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'so that psql sees rows, a superuser should run: ALTER DATABASE % SET app.tenant = ''1''', quote_ident(current_database());
END $$;
-- The session that migrates started before that default.
SELECT set_config('app.tenant', coalesce(current_tenant()::text, '1'), false);

CREATE TABLE user_profiles (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id              int NOT NULL DEFAULT current_tenant(),
  profile_type           profile_kind NOT NULL,
  anonymous_id           text CHECK (length(anonymous_id) BETWEEN 1 AND 255),
  username               text CHECK (length(username) BETWEEN 1 AND 255 AND username = btrim(username)),
  phone_number           text CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),   -- E.164
  email                  text CHECK (length(email) <= 320 AND email LIKE '%_@_%'),
  profile_metadata       jsonb NOT NULL DEFAULT '{}'
                         CHECK (jsonb_typeof(profile_metadata) = 'object' AND pg_column_size(profile_metadata) < 65536),
  -- For each key of profile_metadata: the profile, session and turn that it was learned from.
  metadata_provenance    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata_provenance) = 'object'),
  total_sessions         int NOT NULL DEFAULT 0 CHECK (total_sessions >= 0),
  total_messages         bigint NOT NULL DEFAULT 0 CHECK (total_messages >= 0),
  engagement_score       numeric(4,2) NOT NULL DEFAULT 0 CHECK (engagement_score BETWEEN 0 AND 10),
  intent_score           numeric(4,2) NOT NULL DEFAULT 0 CHECK (intent_score BETWEEN 0 AND 10),
  lead_temperature       text NOT NULL DEFAULT 'cold' CHECK (lead_temperature IN ('hot', 'warm', 'cold')),
  score_version          smallint NOT NULL DEFAULT 1,
  scored_at              timestamptz,
  consent                jsonb NOT NULL DEFAULT '{}',
  -- Who this probably is, by device or number. Never a key: see start_session.
  hint_profile_id        uuid REFERENCES user_profiles,
  merged_into_profile_id uuid REFERENCES user_profiles,
  merged_at              timestamptz,
  erased_at              timestamptz,
  version                bigint NOT NULL DEFAULT 1,
  first_seen_at          timestamptz NOT NULL DEFAULT now(),
  last_seen_at           timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT never_merged_into_itself CHECK (merged_into_profile_id IS DISTINCT FROM id),
  CONSTRAINT merged_means_dated CHECK ((merged_into_profile_id IS NULL) = (merged_at IS NULL)),
  CONSTRAINT merged_counts_nothing CHECK (merged_into_profile_id IS NULL OR (total_sessions = 0 AND total_messages = 0)),
  CONSTRAINT anonymous_has_an_id CHECK (profile_type <> 'anonymous' OR anonymous_id IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT authenticated_has_a_name CHECK (profile_type <> 'authenticated' OR username IS NOT NULL OR erased_at IS NOT NULL)
) WITH (fillfactor = 80);  -- counters change in place

CREATE UNIQUE INDEX user_profiles_live_username ON user_profiles (tenant_id, lower(username))
  WHERE username IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE UNIQUE INDEX user_profiles_live_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE profile_type = 'anonymous' AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE merged_into_profile_id IS NOT NULL;
CREATE INDEX user_profiles_phone ON user_profiles (tenant_id, phone_number)
  WHERE phone_number IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_into ON user_profiles (merged_into_profile_id)
  WHERE merged_into_profile_id IS NOT NULL;
CREATE INDEX user_profiles_last_seen ON user_profiles (tenant_id, last_seen_at DESC)
  WHERE merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_leads ON user_profiles (tenant_id, lead_temperature, (engagement_score + intent_score) DESC)
  WHERE merged_into_profile_id IS NULL;

-- One identifier may have been seen with several profiles (a shared phone); a verified one
-- belongs to exactly one.
CREATE TABLE profile_identifiers (
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  kind              text NOT NULL CHECK (kind IN ('anonymous_id', 'participant', 'phone', 'email', 'username', 'customer_no')),
  value             text NOT NULL CHECK (length(value) BETWEEN 1 AND 320),
  profile_id        uuid NOT NULL REFERENCES user_profiles,
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,
  verified          boolean NOT NULL DEFAULT false,
  first_seen_at     timestamptz NOT NULL DEFAULT now(),
  last_seen_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, kind, value, origin_profile_id)
);
CREATE UNIQUE INDEX profile_identifiers_verified ON profile_identifiers (tenant_id, kind, value) WHERE verified;
CREATE INDEX profile_identifiers_profile ON profile_identifiers (profile_id);
CREATE INDEX profile_identifiers_origin ON profile_identifiers (origin_profile_id);

-- Values that would make strangers share a profile, added to the list built into
-- is_blocked_identifier. The pattern is a regular expression for the whole value.
CREATE TABLE blocked_identifiers (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  kind      text NOT NULL CHECK (kind IN ('*', 'anonymous_id', 'participant', 'phone', 'username')),
  pattern   text NOT NULL,
  PRIMARY KEY (tenant_id, kind, pattern)
);

CREATE TABLE agent_sessions (
  session_id        uuid PRIMARY KEY,  -- a UUIDv7 minted by the agent: ordered by time
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  room_id           text NOT NULL,
  participant_id    text NOT NULL,
  profile_id        uuid NOT NULL REFERENCES user_profiles,  -- always a live profile
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,  -- the profile it began with; never changes
  channel           text NOT NULL DEFAULT 'web' CHECK (channel IN ('web', 'phone')),
  caller_number     text,              -- as the telephone network claims it: a hint
  returning_caller  boolean NOT NULL DEFAULT false,
  auth_level        smallint NOT NULL DEFAULT 0 CHECK (auth_level BETWEEN 0 AND 3),
  authenticated_at  timestamptz,
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'abandoned')),
  end_reason        text,
  worker_id         text,
  started_at        timestamptz NOT NULL DEFAULT now(),
  ended_at          timestamptz,
  last_activity_at  timestamptz NOT NULL DEFAULT now(),
  message_count     int NOT NULL DEFAULT 0 CHECK (message_count >= 0),
  last_seq          int,
  metrics           jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT active_means_not_ended CHECK ((status = 'active') = (ended_at IS NULL)),
  CONSTRAINT ends_after_it_starts CHECK (ended_at >= started_at)
) WITH (fillfactor = 80);
CREATE INDEX agent_sessions_profile ON agent_sessions (profile_id, started_at DESC);
CREATE INDEX agent_sessions_origin ON agent_sessions (origin_profile_id);
CREATE INDEX agent_sessions_recent ON agent_sessions (tenant_id, started_at DESC, session_id DESC);
CREATE INDEX agent_sessions_open ON agent_sessions (last_activity_at) WHERE status = 'active';
CREATE INDEX agent_sessions_number ON agent_sessions (tenant_id, caller_number) WHERE caller_number IS NOT NULL;

-- Written once, when final: see the append-only triggers of the next migration.
CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL REFERENCES agent_sessions,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content     text NOT NULL,           -- redacted before it comes here
  redacted    boolean NOT NULL DEFAULT false,
  started_ms  int,                     -- media time since the track began
  ended_ms    int,
  interrupted boolean NOT NULL DEFAULT false,
  sentiment   smallint CHECK (sentiment BETWEEN -100 AND 100),
  intent      text,
  tool_name   text,
  latency_ms  int,                     -- end of speech to first audio
  meta        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (session_id, seq)
);
CREATE INDEX conversation_messages_created ON conversation_messages USING brin (created_at);

CREATE TABLE conversation_summaries (
  session_id        uuid PRIMARY KEY REFERENCES agent_sessions,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  profile_id        uuid NOT NULL REFERENCES user_profiles,  -- the session's, kept so by trigger
  summary           text NOT NULL,
  extracted_info    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extracted_info) = 'object'),
  sentiment         sentiment3 NOT NULL,
  resolution_status resolution NOT NULL,
  topics            text[] NOT NULL DEFAULT '{}',
  message_count     int NOT NULL CHECK (message_count >= 0),
  duration_seconds  int NOT NULL CHECK (duration_seconds >= 0),
  method            text NOT NULL DEFAULT 'rules',
  method_version    text NOT NULL DEFAULT '1',
  source_last_seq   int,               -- the last message the summary saw; NULL: there was none
  partial           boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX conversation_summaries_profile ON conversation_summaries (profile_id, created_at DESC);
CREATE INDEX conversation_summaries_topics ON conversation_summaries USING gin (topics);
CREATE INDEX conversation_summaries_sentiment ON conversation_summaries (sentiment, created_at DESC);
CREATE INDEX conversation_summaries_text ON conversation_summaries USING gin (to_tsvector('simple', summary));

CREATE TABLE lead_events (
  session_id uuid NOT NULL REFERENCES agent_sessions,
  kind       text NOT NULL CHECK (kind IN ('product_view', 'interest', 'objection', 'callback', 'visit', 'brochure', 'sentiment', 'qualify')),
  subject    text NOT NULL DEFAULT '',
  at         timestamptz NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  profile_id uuid NOT NULL REFERENCES user_profiles,  -- the session's, kept so by trigger
  level      smallint,
  n          int NOT NULL DEFAULT 1,
  PRIMARY KEY (session_id, kind, subject, at)
);
CREATE INDEX lead_events_profile ON lead_events (profile_id, kind, at DESC);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (1, 'profiles_sessions_messages', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '15758569651365310026');
\else
\echo already migrated: 1 profiles_sessions_messages
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 2) AS pending \gset
\if :pending
\echo applying 2 audit_log

-- What was done to the record, by whom, in an order nobody can change unnoticed.
--
-- Each row's hash covers the row and the hash before it. Numbers are given under a lock, one
-- line of numbers per tenant, so that a missing row is a missing number. A chain cannot show
-- that its tail was cut off or that the owner rewrote all of it: that takes a copy of a recent
-- hash kept elsewhere.

CREATE TABLE audit_log (
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  id           bigint NOT NULL,
  at           timestamptz NOT NULL,
  actor        text NOT NULL,
  action       text NOT NULL,
  subject_type text,
  subject_id   text,
  detail       jsonb NOT NULL DEFAULT '{}',
  prev_hash    bytea NOT NULL,
  hash         bytea NOT NULL,
  PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_log_subject ON audit_log (subject_type, subject_id);

-- The form that is hashed. Times as microseconds, because their text depends on the session.
CREATE FUNCTION audit_hash(r audit_log) RETURNS bytea LANGUAGE sql IMMUTABLE AS $$
  SELECT sha256(r.prev_hash || convert_to(jsonb_build_array(
    r.tenant_id, r.id, (extract(epoch FROM r.at) * 1000000)::bigint, r.actor, r.action,
    r.subject_type, r.subject_id, r.detail)::text, 'UTF8'))
$$;

CREATE FUNCTION audit_chain() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(7002, NEW.tenant_id);
  SELECT a.id + 1, a.hash INTO NEW.id, NEW.prev_hash
    FROM audit_log a WHERE a.tenant_id = NEW.tenant_id ORDER BY a.id DESC LIMIT 1;
  NEW.id := coalesce(NEW.id, 1);
  NEW.prev_hash := coalesce(NEW.prev_hash, '\x');
  NEW.at := clock_timestamp();
  NEW.hash := audit_hash(NEW);
  RETURN NEW;
END $$;
CREATE TRIGGER chain BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION audit_chain();

CREATE FUNCTION audit(actor text, action text, subject_type text, subject_id text, detail jsonb DEFAULT '{}')
RETURNS bigint LANGUAGE sql AS $$
  INSERT INTO audit_log (id, at, actor, action, subject_type, subject_id, detail, prev_hash, hash)
  VALUES (0, now(), actor, action, subject_type, subject_id, detail, '\x', '\x') RETURNING id
$$;

-- The first number at which the chain of this tenant does not hold, or NULL.
CREATE FUNCTION audit_broken_at() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT min(id) FROM (
    SELECT a.id, a.hash = audit_hash(a) AS own_hash_holds,
           a.prev_hash = lag(a.hash, 1, '\x'::bytea) OVER (ORDER BY a.id) AS follows,
           a.id = row_number() OVER (ORDER BY a.id) AS numbered
      FROM audit_log a WHERE a.tenant_id = current_tenant()) c
   WHERE NOT (own_hash_holds AND follows AND numbered)
$$;

-- Rows that are written once. Also holds for psql; a superuser can still drop the trigger,
-- and the audit chain would show it.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conversation_messages
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
-- A deleted session would leave its profile's counters wrong.
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON agent_sessions
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (2, 'audit_log', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '203721740159931141');
\else
\echo already migrated: 2 audit_log
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 3) AS pending \gset
\if :pending
\echo applying 3 identity_lock_and_counters

-- What must hold for every writer, psql and a second service included: rows go to the live
-- profile, and total_sessions and total_messages are exact.
--
-- The identity lock. Every writer of rows that depend on who is who takes it shared, in a
-- statement trigger; merging and unmerging take it exclusively. Writers are short and merges
-- rare, and PostgreSQL queues new shared requests behind a waiting exclusive one, so neither
-- starves. Inside it, rows are locked in one order: profiles, then sessions, by ascending id;
-- among holders of the shared form, sessions come first (only the message trigger locks both).
--
-- Counting is per statement, over the rows really inserted: a replay that ON CONFLICT skips is
-- not in the transition table and is not counted. Counters by row trigger deadlock or drift.

CREATE FUNCTION identity_lock(exclusive boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_tenant() IS NULL THEN
    RAISE EXCEPTION 'app.tenant is not set: SET app.tenant = ''1'' first' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A later isolation level would read a snapshot older than the lock it waited for.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'identity changes need READ COMMITTED, not %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF exclusive THEN
    PERFORM pg_advisory_xact_lock(7001, current_tenant());
  ELSE
    PERFORM pg_advisory_xact_lock_shared(7001, current_tenant());
  END IF;
END $$;

CREATE FUNCTION take_identity_lock() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM identity_lock(false); RETURN NULL; END $$;
CREATE TRIGGER a_lock BEFORE INSERT ON agent_sessions FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_summaries FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON profile_identifiers FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- Merged profiles form a forest of depth one, so one look-up resolves any of them.
CREATE FUNCTION live_profile(profile uuid) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT coalesce(merged_into_profile_id, id) FROM user_profiles WHERE id = profile $$;

CREATE FUNCTION resolve_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.origin_profile_id := coalesce(NEW.origin_profile_id, NEW.profile_id);
  NEW.profile_id := live_profile(NEW.profile_id);
  IF NEW.profile_id IS NULL THEN
    RAISE EXCEPTION 'profile % does not exist', NEW.origin_profile_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_resolve BEFORE INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION resolve_profile();
CREATE TRIGGER b_resolve BEFORE INSERT ON profile_identifiers FOR EACH ROW EXECUTE FUNCTION resolve_profile();

-- Summaries and lead events belong to whoever their session belongs to.
CREATE FUNCTION profile_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.profile_id INTO NEW.profile_id FROM agent_sessions s
   WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_resolve BEFORE INSERT ON conversation_summaries FOR EACH ROW EXECUTE FUNCTION profile_of_session();
CREATE TRIGGER b_resolve BEFORE INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION profile_of_session();

-- Who owns a session changes by merging and unmerging alone: a plain UPDATE would leave two
-- counters wrong.
CREATE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND coalesce(current_setting('app.moving_sessions', true), '') <> 'on') THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id ON agent_sessions
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

CREATE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT profile_id, count(*) AS sessions, least(max(started_at), now()) AS latest FROM added GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON agent_sessions REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_sessions();

CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
  IF EXISTS (SELECT FROM added m JOIN agent_sessions s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM 1 FROM agent_sessions WHERE session_id IN (SELECT session_id FROM added) ORDER BY session_id FOR NO KEY UPDATE;
  UPDATE agent_sessions s
     SET message_count = s.message_count + c.messages,
         last_seq = greatest(s.last_seq, c.last_seq),
         -- A message flushed late was still said when it was said.
         last_activity_at = greatest(s.last_activity_at, c.latest)
    FROM (SELECT session_id, count(*) AS messages, max(seq) AS last_seq, least(max(created_at), now()) AS latest
            FROM added GROUP BY 1) c
   WHERE s.session_id = c.session_id;
  PERFORM 1 FROM user_profiles
    WHERE id IN (SELECT s.profile_id FROM added JOIN agent_sessions s USING (session_id)) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_messages = u.total_messages + c.messages, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT s.profile_id, count(*) AS messages, least(max(m.created_at), now()) AS latest
            FROM added m JOIN agent_sessions s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- Profiles whose counters differ from the rows. Always empty; a night job may look.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT a.profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM agent_sessions a
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (3, 'identity_lock_and_counters', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '4573853196610416028');
\else
\echo already migrated: 3 identity_lock_and_counters
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 4) AS pending \gset
\if :pending
\echo applying 4 merge_and_unmerge

-- Joining what an unknown caller said to the customer they turned out to be, and taking it
-- apart again.
--
-- merge_profiles never deletes or copies: it moves sessions (messages, summaries and lead
-- events follow) and identifiers, and writes down exactly which, so that unmerge_profile can
-- return exactly those. Refusals are outcomes by name, not errors; every attempt is audited,
-- refused ones too.

CREATE TABLE profile_merges (
  merge_id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id        int NOT NULL DEFAULT current_tenant(),
  source_id        uuid,               -- the profiles the request resolved to; NULL: not found
  target_id        uuid,
  requested_source uuid NOT NULL,
  requested_target uuid NOT NULL,
  outcome          text NOT NULL,
  reason           text,
  actor            text NOT NULL,
  session_id       uuid,
  sessions_moved   int NOT NULL DEFAULT 0,
  messages_moved   bigint NOT NULL DEFAULT 0,
  source_before    jsonb,              -- without number and e-mail: those stay on their rows
  target_before    jsonb,
  -- key -> {before, after, provenance_before}: what the target's metadata gained.
  imported         jsonb NOT NULL DEFAULT '{}',
  merged_at        timestamptz NOT NULL DEFAULT clock_timestamp(),
  reverted_at      timestamptz,
  reverted_by      text
);
CREATE UNIQUE INDEX profile_merges_one_active ON profile_merges (source_id) WHERE outcome = 'merged' AND reverted_at IS NULL;
CREATE INDEX profile_merges_target ON profile_merges (target_id);

CREATE TABLE profile_merge_moves (
  merge_id    bigint NOT NULL REFERENCES profile_merges,
  session_id  uuid NOT NULL REFERENCES agent_sessions,
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  returned_at timestamptz,             -- undone, by this merge's unmerge or an earlier one's
  PRIMARY KEY (merge_id, session_id)
);
CREATE INDEX profile_merge_moves_session ON profile_merge_moves (session_id);

-- Values that identify nobody: see requirement U-6. Quoted forms count as the bare word.
CREATE FUNCTION is_blocked_identifier(identifier_kind text, identifier text) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT identifier IS NULL OR length(identifier) > 255 OR bare = '' OR bare ~ '^[0-]*$' OR bare ~ '^anon_'
      OR bare IN ('-1', 'anon', 'anonymous', 'unknown', 'unidentified', 'unavailable', 'withheld', 'private', 'restricted',
                  'guest', 'user', 'visitor', 'caller', 'customer', 'id', 'distinct_id', 'device_id', 'identity', 'none',
                  'null', 'nil', 'undefined', 'nan', 'true', 'false', 'n/a', 'na', 'test', '[object object]')
      OR EXISTS (SELECT FROM blocked_identifiers b
                  WHERE b.tenant_id = current_tenant() AND b.kind IN ('*', identifier_kind)
                    AND bare ~* ('^(' || b.pattern || ')$'))
    FROM (SELECT lower(btrim(identifier, E' \t\r\n"''`'))) AS v(bare)
$$;

-- The target wins a key that both have; arrays are united in order, without repeats.
CREATE FUNCTION merge_traits(target jsonb, source jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT target || coalesce(jsonb_object_agg(s.key,
    CASE WHEN target ? s.key
         THEN (target -> s.key) || coalesce((
                SELECT jsonb_agg(e.item ORDER BY e.n)
                  FROM jsonb_array_elements(s.value) WITH ORDINALITY e(item, n)
                 WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(target -> s.key) t WHERE t = e.item)), '[]')
         ELSE s.value END)
    FILTER (WHERE NOT target ? s.key
               OR (jsonb_typeof(target -> s.key) = 'array' AND jsonb_typeof(s.value) = 'array')), '{}')
    FROM jsonb_each(source) s
$$;

CREATE FUNCTION profile_image(p user_profiles) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT to_jsonb(p) - 'phone_number' - 'email' $$;

-- Moves a profile's traits to the one it was merged into, noting each key's origin.
CREATE FUNCTION import_traits(merge bigint, source user_profiles, target user_profiles) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  merged jsonb := merge_traits(target.profile_metadata, source.profile_metadata);
  gained jsonb;
BEGIN
  SELECT coalesce(jsonb_object_agg(key, jsonb_strip_nulls(jsonb_build_object(
           'before', target.profile_metadata -> key, 'provenance_before', target.metadata_provenance -> key))
           -- Outside the stripping: an imported null is a value too.
           || jsonb_build_object('after', value)), '{}')
    INTO gained FROM jsonb_each(merged) WHERE value IS DISTINCT FROM target.profile_metadata -> key;
  UPDATE user_profiles u
     SET profile_metadata = merged,
         metadata_provenance = u.metadata_provenance || coalesce((
           SELECT jsonb_object_agg(key, jsonb_build_object('profile', source.id)
                    || coalesce(source.metadata_provenance -> key, '{}') || jsonb_build_object('merge', merge))
             FROM jsonb_object_keys(gained) key), '{}')
   WHERE u.id = target.id;
  UPDATE profile_merges SET imported = gained WHERE merge_id = merge;
END $$;

-- Takes back what import_traits brought, except keys that have changed since.
CREATE FUNCTION return_traits(m profile_merges, holder uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  k text;
  item jsonb;
BEGIN
  FOR k, item IN SELECT * FROM jsonb_each(m.imported) LOOP
    UPDATE user_profiles u
       SET profile_metadata = (u.profile_metadata - k)
             || CASE WHEN item ? 'before' THEN jsonb_build_object(k, item -> 'before') ELSE '{}' END,
           metadata_provenance = (u.metadata_provenance - k)
             || CASE WHEN item ? 'provenance_before' THEN jsonb_build_object(k, item -> 'provenance_before') ELSE '{}' END
     WHERE u.id = holder AND u.profile_metadata -> k = item -> 'after'
       AND (holder = m.target_id OR u.metadata_provenance -> k ->> 'profile' = m.source_id::text);
  END LOOP;
END $$;

CREATE FUNCTION record_merge_attempt(outcome text, requested_source uuid, requested_target uuid, source user_profiles,
  target user_profiles, actor text, reason text, session uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  IF outcome <> 'already_merged' THEN  -- repeating a merge changes nothing; the audit row alone says it was asked
    INSERT INTO profile_merges (source_id, target_id, requested_source, requested_target, outcome, reason, actor, session_id, source_before, target_before)
    VALUES (source.id, target.id, requested_source, requested_target, outcome, reason, actor, session,
            profile_image(source), profile_image(target)) RETURNING merge_id INTO number;
  END IF;
  PERFORM audit(actor, 'profile.merge', 'profile', requested_source::text, jsonb_build_object(
    'outcome', outcome, 'target', requested_target, 'resolved_source', source.id, 'resolved_target', target.id,
    'reason', reason, 'session', session, 'merge', number));
  RETURN number;
END $$;

-- Why these two may not be joined, or 'merged' if they may.
CREATE FUNCTION judge_merge(source user_profiles, target user_profiles, force boolean) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF source.id IS NULL OR target.id IS NULL THEN RETURN 'not_found'; END IF;
  IF source.id = target.id THEN RETURN 'already_merged'; END IF;
  IF source.tenant_id <> target.tenant_id THEN RETURN 'not_found'; END IF;
  IF source.erased_at IS NOT NULL OR target.erased_at IS NOT NULL THEN RETURN 'refused_erased'; END IF;
  IF source.profile_type = 'authenticated' AND NOT force THEN RETURN 'refused_source_authenticated'; END IF;
  -- Such a profile is many people.
  IF source.profile_type = 'anonymous' AND is_blocked_identifier('anonymous_id', source.anonymous_id) THEN
    RETURN 'refused_blocked';
  END IF;
  RETURN 'merged';
END $$;

-- merge_profiles(anonymous, authenticated): 'merged', 'already_merged', 'not_found' or 'refused_…'.
CREATE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
  reason text DEFAULT NULL, force boolean DEFAULT false, in_session uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  source user_profiles;
  target user_profiles;
  outcome text;
  merge bigint;
  sessions int;
  messages bigint;
BEGIN
  PERFORM identity_lock(true);
  PERFORM 1 FROM user_profiles WHERE id IN (live_profile(anonymous), live_profile(authenticated)) ORDER BY id FOR UPDATE;
  SELECT * INTO source FROM user_profiles WHERE id = live_profile(anonymous);
  SELECT * INTO target FROM user_profiles WHERE id = live_profile(authenticated);
  outcome := judge_merge(source, target, force);
  merge := record_merge_attempt(outcome, anonymous, authenticated, source, target, actor, reason, in_session);
  IF outcome <> 'merged' THEN RETURN outcome; END IF;

  PERFORM 1 FROM agent_sessions WHERE profile_id = source.id ORDER BY session_id FOR NO KEY UPDATE;
  PERFORM set_config('app.moving_sessions', 'on', true);
  WITH moved AS (UPDATE agent_sessions SET profile_id = target.id WHERE profile_id = source.id RETURNING session_id, message_count),
       noted AS (INSERT INTO profile_merge_moves (merge_id, session_id) SELECT merge, session_id FROM moved)
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM moved;
  PERFORM set_config('app.moving_sessions', '', true);
  IF sessions <> source.total_sessions OR messages <> source.total_messages THEN
    RAISE EXCEPTION 'counter drift on %: % sessions counted as %, % messages counted as %',
      source.id, sessions, source.total_sessions, messages, source.total_messages USING ERRCODE = 'data_corrupted';
  END IF;
  UPDATE conversation_summaries SET profile_id = target.id WHERE profile_id = source.id;
  UPDATE lead_events SET profile_id = target.id WHERE profile_id = source.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;

  -- Whoever pointed at the source points at the target: look-ups stay one step.
  UPDATE user_profiles SET merged_into_profile_id = target.id WHERE merged_into_profile_id = source.id;
  UPDATE user_profiles SET merged_into_profile_id = target.id, merged_at = clock_timestamp(), updated_at = now(),
         total_sessions = 0, total_messages = 0, version = version + 1
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + sessions, total_messages = total_messages + messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now(), version = greatest(version, source.version) + 1
   WHERE id = target.id;
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = sessions, messages_moved = messages WHERE merge_id = merge;
  RETURN 'merged';
END $$;

-- Everything still merged into this profile, directly or through another, and itself.
CREATE FUNCTION merged_subtree(root uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE sub AS (
    SELECT root AS id
    UNION SELECT m.source_id FROM profile_merges m JOIN sub ON m.target_id = sub.id
           WHERE m.outcome = 'merged' AND m.reverted_at IS NULL)
  SELECT id FROM sub
$$;

-- Gives back the sessions that a merge moved, and what depends on them; returns the counts.
CREATE FUNCTION return_sessions(m profile_merges, root uuid, OUT sessions int, OUT messages bigint) LANGUAGE plpgsql AS $$
DECLARE
  returned uuid[];
BEGIN
  PERFORM 1 FROM agent_sessions s JOIN profile_merge_moves v USING (session_id)
    WHERE v.merge_id = m.merge_id AND v.returned_at IS NULL AND s.profile_id = root
    ORDER BY s.session_id FOR NO KEY UPDATE OF s;
  PERFORM set_config('app.moving_sessions', 'on', true);
  WITH moved AS (
    UPDATE agent_sessions s SET profile_id = m.source_id FROM profile_merge_moves v
     WHERE v.merge_id = m.merge_id AND v.returned_at IS NULL AND v.session_id = s.session_id AND s.profile_id = root
    RETURNING s.session_id, s.message_count)
  SELECT count(*), coalesce(sum(message_count), 0), coalesce(array_agg(session_id), '{}') INTO sessions, messages, returned FROM moved;
  PERFORM set_config('app.moving_sessions', '', true);
  UPDATE conversation_summaries SET profile_id = m.source_id WHERE session_id = ANY (returned);
  UPDATE lead_events SET profile_id = m.source_id WHERE session_id = ANY (returned);
  -- A later merge that carried them on no longer holds them, so undoing it must not take them.
  UPDATE profile_merge_moves SET returned_at = clock_timestamp()
   WHERE merge_id >= m.merge_id AND session_id = ANY (returned) AND returned_at IS NULL;
END $$;

-- unmerge_profile(source): 'unmerged', 'not_merged', or 'refused_name_taken'.
CREATE FUNCTION unmerge_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  m profile_merges;
  root uuid;
  sessions int;
  messages bigint;
  subtree uuid[];
BEGIN
  PERFORM identity_lock(true);
  SELECT * INTO m FROM profile_merges WHERE source_id = source AND outcome = 'merged' AND reverted_at IS NULL;
  IF NOT FOUND THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'not_merged', 'reason', why));
    RETURN 'not_merged';
  END IF;
  root := live_profile(source);
  PERFORM 1 FROM user_profiles WHERE id IN (source, root, m.target_id) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT FROM user_profiles u JOIN user_profiles s ON lower(u.username) = lower(s.username) AND u.tenant_id = s.tenant_id
              WHERE s.id = source AND u.id <> source AND u.merged_into_profile_id IS NULL) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'refused_name_taken', 'reason', why));
    RETURN 'refused_name_taken';
  END IF;
  SELECT r.sessions, r.messages INTO sessions, messages FROM return_sessions(m, root) r;
  SELECT array_agg(id) INTO subtree FROM merged_subtree(source);
  UPDATE profile_identifiers SET profile_id = source WHERE profile_id = root AND origin_profile_id = ANY (subtree);
  PERFORM return_traits(m, holder) FROM unnest(ARRAY[m.target_id, NULLIF(root, m.target_id)]) holder WHERE holder IS NOT NULL;

  UPDATE user_profiles SET total_sessions = total_sessions - sessions, total_messages = total_messages - messages,
         updated_at = now(), version = version + 1 WHERE id = root;
  -- The device may have a fresh profile by now, which keeps the id; the old one keeps a trace of it.
  UPDATE user_profiles s SET anonymous_id = left(s.anonymous_id, 200) || '#' || s.id
   WHERE s.id = source AND s.profile_type = 'anonymous' AND EXISTS (
     SELECT FROM user_profiles u WHERE u.tenant_id = s.tenant_id AND u.anonymous_id = s.anonymous_id
        AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL AND u.id <> s.id);
  UPDATE user_profiles SET merged_into_profile_id = NULL, merged_at = NULL, total_sessions = sessions, total_messages = messages,
         updated_at = now(), version = version + 1 WHERE id = source;
  UPDATE user_profiles SET merged_into_profile_id = source WHERE id = ANY (subtree) AND id <> source;
  UPDATE profile_merges SET reverted_at = clock_timestamp(), reverted_by = by_actor WHERE merge_id = m.merge_id;
  PERFORM restore_seen_times(m, root);
  PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
    'outcome', 'unmerged', 'from', root, 'merge', m.merge_id, 'sessions', sessions, 'messages', messages, 'reason', why));
  RETURN 'unmerged';
END $$;

-- first_seen_at and last_seen_at as they were, unless something else has moved them since.
CREATE FUNCTION restore_seen_times(m profile_merges, root uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE user_profiles u
     SET first_seen_at = least(own.first_seen, others.first_seen),
         last_seen_at = greatest(own.last_seen, others.last_seen, sessions.last_seen)
    FROM (SELECT (e.target_before ->> 'first_seen_at')::timestamptz AS first_seen, (e.target_before ->> 'last_seen_at')::timestamptz AS last_seen
            FROM profile_merges e WHERE e.target_id = root AND e.outcome = 'merged' ORDER BY e.merge_id LIMIT 1) own,
         (SELECT min(o.first_seen_at) AS first_seen, max(o.last_seen_at) AS last_seen FROM user_profiles o WHERE o.merged_into_profile_id = root) others,
         (SELECT max(greatest(s.started_at, m.created_at)) AS last_seen FROM agent_sessions s
            LEFT JOIN conversation_messages m ON m.session_id = s.session_id AND m.seq = s.last_seq
           WHERE s.profile_id = root) sessions
   WHERE u.id = root
$$;

REVOKE EXECUTE ON FUNCTION merge_profiles(uuid, uuid, text, text, boolean, uuid) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION unmerge_profile(uuid, text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION import_traits(bigint, user_profiles, user_profiles) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION return_traits(profile_merges, uuid) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION return_sessions(profile_merges, uuid) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION restore_seen_times(profile_merges, uuid) FROM PUBLIC;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (4, 'merge_and_unmerge', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '1561892437040559968');
\else
\echo already migrated: 4 merge_and_unmerge
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 5) AS pending \gset
\if :pending
\echo applying 5 starting_a_session

-- Who is calling, decided in one statement, so that a call whose database was away can be
-- recorded later and a repeated attempt changes nothing.
--
-- A device or a number is a hint, not a key. Three rules follow:
--   * A value that many people share ("unknown", an empty id) makes a profile of its own.
--   * A device whose profile was merged into a customer gets a fresh profile with that customer
--     as a hint. Attaching it would show the customer's history to whoever holds the phone.
--   * A telephone call always gets a fresh profile: its number is easily forged.

-- Changing a profile's metadata: JSON merge patch (RFC 7396).
CREATE FUNCTION json_merge_patch(target jsonb, patch jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
  k text;
  v jsonb;
BEGIN
  IF jsonb_typeof(patch) <> 'object' THEN RETURN patch; END IF;
  target := CASE WHEN jsonb_typeof(target) = 'object' THEN target ELSE '{}' END;
  FOR k, v IN SELECT * FROM jsonb_each(patch) LOOP
    target := CASE WHEN jsonb_typeof(v) = 'null' THEN target - k
                   ELSE jsonb_set(target, ARRAY[k], json_merge_patch(target -> k, v)) END;
  END LOOP;
  RETURN target;
END $$;

-- Patches the live profile and notes where each key came from; NULL if there is no such profile.
CREATE FUNCTION patch_profile_metadata(profile uuid, patch jsonb, origin jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  result jsonb;
BEGIN
  PERFORM identity_lock(false);
  UPDATE user_profiles u
     SET profile_metadata = json_merge_patch(u.profile_metadata, patch),
         metadata_provenance = json_merge_patch(u.metadata_provenance - ARRAY(SELECT jsonb_object_keys(patch)), coalesce((
           SELECT jsonb_object_agg(key, jsonb_build_object('profile', u.id) || origin)
             FROM jsonb_each(patch) WHERE jsonb_typeof(value) <> 'null'), '{}')),
         updated_at = now(), version = u.version + 1
   WHERE u.id = live_profile(profile) AND u.erased_at IS NULL
  RETURNING u.profile_metadata INTO result;
  RETURN result;
END $$;

CREATE FUNCTION find_or_create_anonymous(device text, hint uuid, seen timestamptz, OUT profile uuid, OUT created boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  LOOP
    SELECT u.id INTO profile FROM user_profiles u
     WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device
       AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL;
    created := NOT FOUND;
    EXIT WHEN NOT created;
    INSERT INTO user_profiles (profile_type, anonymous_id, hint_profile_id, first_seen_at, last_seen_at)
    VALUES ('anonymous', device, hint, least(seen, now()), least(seen, now()))
    ON CONFLICT (tenant_id, anonymous_id) WHERE profile_type = 'anonymous' AND merged_into_profile_id IS NULL
    DO NOTHING RETURNING id INTO profile;
    EXIT WHEN profile IS NOT NULL;  -- else someone was faster: look again
  END LOOP;
END $$;

-- The one customer this device or number points at. None if it points at several: a device
-- that more than five customers used within 30 days says nothing about anyone.
CREATE FUNCTION customer_hint(device text, number text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN number IS NOT NULL THEN (
      SELECT min(id::text)::uuid FROM user_profiles
       WHERE tenant_id = current_tenant() AND phone_number = number AND profile_type = 'authenticated'
         AND merged_into_profile_id IS NULL AND erased_at IS NULL HAVING count(*) = 1)
    ELSE (
      SELECT (array_agg(u.merged_into_profile_id ORDER BY u.merged_at DESC))[1] FROM user_profiles u
       WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
      HAVING count(DISTINCT u.merged_into_profile_id) FILTER (WHERE u.merged_at > now() - interval '30 days') <= 5)
    END
$$;

CREATE FUNCTION start_session(session uuid, room text, participant text, device text, via text, number text, worker text, started timestamptz)
RETURNS TABLE (profile_id uuid, seen_before boolean, total_sessions int, hint uuid) LANGUAGE plpgsql AS $$
DECLARE
  known text := CASE WHEN via = 'phone' THEN NULL
                     WHEN NOT is_blocked_identifier('anonymous_id', device) THEN btrim(device)
                     WHEN NOT is_blocked_identifier('participant', participant) THEN btrim(participant) END;
  calling text := CASE WHEN NOT is_blocked_identifier('phone', number) THEN number END;
  pointed_at uuid;
  owner uuid;
  seen boolean;
BEGIN
  PERFORM identity_lock(false);
  IF NOT EXISTS (SELECT FROM agent_sessions s WHERE s.session_id = session) THEN
    pointed_at := customer_hint(known, calling);
    SELECT f.profile INTO owner FROM find_or_create_anonymous(coalesce(known, 'call-' || session), pointed_at, started) f;
    seen := pointed_at IS NOT NULL
         OR EXISTS (SELECT FROM agent_sessions s WHERE s.profile_id = owner)
         OR EXISTS (SELECT FROM agent_sessions s WHERE s.tenant_id = current_tenant() AND s.caller_number = calling);
    INSERT INTO agent_sessions (session_id, room_id, participant_id, profile_id, channel, caller_number, returning_caller, worker_id, started_at)
    VALUES (session, room, participant, owner, via, calling, seen, worker, started)
    ON CONFLICT (session_id) DO NOTHING;
    IF known IS NOT NULL THEN
      INSERT INTO profile_identifiers (kind, value, profile_id)
      VALUES (CASE WHEN known = btrim(device) THEN 'anonymous_id' ELSE 'participant' END, known, owner)
      ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO UPDATE SET last_seen_at = now();
    END IF;
  END IF;
  RETURN QUERY SELECT s.profile_id, s.returning_caller, u.total_sessions, u.hint_profile_id
    FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE s.session_id = session;
END $$;

-- The caller of a session proved to be this customer. 'merged' and 'already_merged' are success.
CREATE FUNCTION authenticate_session(session uuid, customer uuid, level int, by_actor text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  current_owner uuid;
  outcome text;
BEGIN
  PERFORM identity_lock(true);
  SELECT s.profile_id INTO current_owner FROM agent_sessions s WHERE s.session_id = session;
  IF NOT FOUND THEN RETURN 'session_not_found'; END IF;
  outcome := merge_profiles(current_owner, customer, by_actor, 'authenticated in the call', false, session);
  IF outcome IN ('merged', 'already_merged') THEN
    UPDATE agent_sessions SET auth_level = greatest(auth_level, level), authenticated_at = coalesce(authenticated_at, clock_timestamp())
     WHERE session_id = session;
  END IF;
  RETURN outcome;
END $$;
REVOKE EXECUTE ON FUNCTION authenticate_session(uuid, uuid, int, text) FROM PUBLIC;

-- Finds or creates a customer. A known one is left as it is, unless an administrator's import
-- says otherwise: a caller who merely knows a name must not be able to change its number.
CREATE FUNCTION ensure_customer(name text, phone text, mail text, customer_no text, traits jsonb, overwrite boolean,
  OUT profile uuid, OUT created boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  IF is_blocked_identifier('username', name) THEN
    RAISE EXCEPTION 'this username is not allowed' USING ERRCODE = 'check_violation';
  END IF;
  LOOP
    -- Live ones first; a name whose profile was merged leads to the profile that holds it.
    SELECT coalesce(u.merged_into_profile_id, u.id) INTO profile FROM user_profiles u
     WHERE u.tenant_id = current_tenant() AND lower(u.username) = lower(name)
     ORDER BY u.merged_into_profile_id NULLS FIRST, u.merged_at DESC LIMIT 1;
    created := NOT FOUND;
    EXIT WHEN NOT created;
    INSERT INTO user_profiles (profile_type, username, phone_number, email) VALUES ('authenticated', name, phone, mail)
    ON CONFLICT (tenant_id, lower(username)) WHERE username IS NOT NULL AND merged_into_profile_id IS NULL
    DO NOTHING RETURNING id INTO profile;
    EXIT WHEN profile IS NOT NULL;
  END LOOP;
  IF overwrite THEN
    UPDATE user_profiles u SET phone_number = coalesce(phone, u.phone_number), email = coalesce(mail, u.email),
           updated_at = now(), version = u.version + 1
     WHERE u.id = profile AND (phone IS DISTINCT FROM u.phone_number OR mail IS DISTINCT FROM u.email);
  END IF;
  IF (created OR overwrite) AND customer_no IS NOT NULL THEN
    DELETE FROM profile_identifiers i WHERE i.tenant_id = current_tenant() AND i.kind = 'customer_no' AND i.origin_profile_id = profile AND i.value <> customer_no;
    INSERT INTO profile_identifiers (kind, value, profile_id, verified) VALUES ('customer_no', customer_no, profile, true)
    ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO NOTHING;
  END IF;
  IF (created OR overwrite) AND traits <> '{}' THEN
    PERFORM patch_profile_metadata(profile, traits, '{"by": "import"}');
  END IF;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (5, 'starting_a_session', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '5722825218320798350');
\else
\echo already migrated: 5 starting_a_session
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 6) AS pending \gset
\if :pending
\echo applying 6 knowledge_and_configuration

-- What the agent knows and how it is set up: packs of documents, instructions, settings.
--
-- A pack's revision grows exactly when an import changed something, so that a worker can ask
-- "is my index still right?" by reading one number.

CREATE TABLE knowledge_packs (
  id               int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id        int NOT NULL DEFAULT current_tenant(),
  name             text NOT NULL,
  description      text,
  grounding_mode   text NOT NULL DEFAULT 'blended' CHECK (grounding_mode IN ('strict', 'blended')),
  freshness_policy jsonb NOT NULL DEFAULT '{"ttl_days": 30, "recrawl": "changed", "priority": "medium"}',
  revision         bigint NOT NULL DEFAULT 0,
  imported_at      timestamptz,
  UNIQUE (tenant_id, name)
);

-- One row a chunk. The hash covers every field, so an unchanged chunk is recognised.
CREATE TABLE rag_documents (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  knowledge_pack_id int NOT NULL REFERENCES knowledge_packs ON DELETE CASCADE,
  document          text NOT NULL,     -- the document's name within its pack
  chunk             int NOT NULL CHECK (chunk >= 0),
  title             text NOT NULL,
  topic             text,
  body              text NOT NULL,
  source_url        text,
  meta              jsonb NOT NULL DEFAULT '{}',
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),
  fresh_until       timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  tsv               tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || body)) STORED,
  UNIQUE (knowledge_pack_id, sha256)
);
CREATE INDEX rag_documents_text ON rag_documents USING gin (tsv);

-- Makes a pack hold exactly these chunks: an array of {document, chunk, title, topic, body,
-- source_url, meta, sha256}. Known ones stay, vanished ones go.
CREATE FUNCTION import_documents(pack_name text, chunks jsonb, OUT added int, OUT kept int, OUT removed int) LANGUAGE plpgsql AS $$
DECLARE
  pack int;
BEGIN
  INSERT INTO knowledge_packs (name) VALUES (pack_name)
  ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO pack;  -- also locks the pack
  DELETE FROM rag_documents d WHERE d.knowledge_pack_id = pack
     AND NOT EXISTS (SELECT FROM jsonb_array_elements(chunks) c WHERE d.sha256 = decode(c ->> 'sha256', 'hex'));
  GET DIAGNOSTICS removed = ROW_COUNT;
  SELECT count(*) INTO kept FROM rag_documents d WHERE d.knowledge_pack_id = pack;
  INSERT INTO rag_documents (knowledge_pack_id, document, chunk, title, topic, body, source_url, meta, sha256)
  SELECT pack, c ->> 'document', (c ->> 'chunk')::int, c ->> 'title', c ->> 'topic', c ->> 'body', c ->> 'source_url',
         coalesce(c -> 'meta', '{}'), decode(c ->> 'sha256', 'hex')
    FROM jsonb_array_elements(chunks) c
  ON CONFLICT (knowledge_pack_id, sha256) DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added + removed > 0 THEN
    UPDATE knowledge_packs SET revision = revision + 1, imported_at = now() WHERE id = pack;
  END IF;
END $$;

CREATE TABLE personas (
  id                  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id           int NOT NULL DEFAULT current_tenant(),
  name                text NOT NULL,
  system_prompt       text NOT NULL,
  tactics             jsonb NOT NULL DEFAULT '{}',
  communication_style jsonb NOT NULL DEFAULT '{}',
  response_patterns   jsonb NOT NULL DEFAULT '{}',
  is_built_in         boolean NOT NULL DEFAULT false,
  template_name       text,
  UNIQUE (tenant_id, name)
);

CREATE TABLE agent_instructions (
  id                int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  version           int NOT NULL,
  body              text NOT NULL,
  active            boolean NOT NULL DEFAULT false,
  persona_id        int REFERENCES personas,
  knowledge_pack_id int REFERENCES knowledge_packs,
  tool_policy       jsonb NOT NULL DEFAULT '{"web_search": false, "site_search": [], "code_exec": false}',
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, version)
);
CREATE UNIQUE INDEX agent_instructions_one_active ON agent_instructions (tenant_id) WHERE active;

CREATE TABLE system_config (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key        text NOT NULL,
  value      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, key)
);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (6, 'knowledge_and_configuration', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '3898102685139421939');
\else
\echo already migrated: 6 knowledge_and_configuration
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 7) AS pending \gset
\if :pending
\echo applying 7 authentication

-- Proving who a caller is, by a one-time code sent to the number that we already hold.
--
--   * Unknown customer, wrong number and right one look the same from outside: each opens a
--     challenge, and only the right one's code is ever sent. Limits that a caller can see count
--     what the caller claimed and where they came from, never what we found; the limit on what
--     we found is silent.
--   * A code is kept as a salted hash, lives five minutes and dies after three attempts. An
--     attempt is counted before it is judged, so parallel guesses get no extra ones.

CREATE TABLE auth_challenges (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL,          -- no reference: the session's row may be on its way
  claim        text NOT NULL,          -- what the caller said: kind and value, lower case
  address      text,                   -- where the caller came from: an IP address or a SIP number
  profile_id   uuid REFERENCES user_profiles,  -- NULL: the claim matched nobody
  sent         boolean NOT NULL DEFAULT false,
  salt         bytea NOT NULL,
  code_hash    bytea NOT NULL,
  attempts     smallint NOT NULL DEFAULT 0,
  max_attempts smallint NOT NULL CHECK (max_attempts BETWEEN 1 AND 10),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL,
  consumed_at  timestamptz,
  CHECK (attempts <= max_attempts)
);
CREATE INDEX auth_challenges_session ON auth_challenges (session_id, created_at DESC);
CREATE INDEX auth_challenges_claim ON auth_challenges (tenant_id, claim, created_at);
CREATE INDEX auth_challenges_address ON auth_challenges (tenant_id, address, created_at);
CREATE INDEX auth_challenges_profile ON auth_challenges (profile_id, created_at);

-- Every attempt at a code, by outcome; never the code.
CREATE TABLE auth_attempts (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  challenge_id uuid REFERENCES auth_challenges,
  session_id   uuid NOT NULL,
  address      text,
  outcome      text NOT NULL CHECK (outcome IN ('verified', 'wrong', 'expired', 'exhausted', 'used', 'none')),
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX auth_attempts_session ON auth_attempts (session_id, at);

-- The one live customer that a claim names, or NULL. Digits typed on a keypad are a customer
-- number, or a telephone number in international or national form.
CREATE FUNCTION claimed_customer(claim_kind text, claimed text, phone text) RETURNS uuid LANGUAGE sql STABLE AS $$
  WITH found AS (
    SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'username' AND lower(u.username) = lower(claimed)
       AND (phone IS NULL OR u.phone_number = phone)
       AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
    UNION SELECT i.profile_id FROM profile_identifiers i
     WHERE claim_kind = 'digits' AND i.kind = 'customer_no' AND i.verified AND i.value = claimed AND i.tenant_id = current_tenant()
    UNION SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'digits' AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
       AND (u.phone_number = '+' || regexp_replace(claimed, '^00', '')
            OR (claimed ~ '^0[1-9][0-9]{6,}$' AND u.phone_number LIKE '+%' || substr(claimed, 2))))
  SELECT min(u.id::text)::uuid FROM user_profiles u JOIN found USING (id)
   WHERE u.profile_type = 'authenticated' AND u.erased_at IS NULL HAVING count(*) = 1
$$;

-- limits: expires_s, max_attempts, window_s, per_claim, per_address, per_profile, per_profile_day.
-- 'limited' can be told to the caller; 'started' without a number means that nothing is sent.
CREATE FUNCTION start_challenge(session uuid, claim_kind text, claimed text, phone text, from_address text,
  code_salt bytea, hash bytea, limits jsonb, OUT outcome text, OUT challenge uuid, OUT send_to text, OUT retry_after_s int) LANGUAGE plpgsql AS $$
DECLARE
  claim_key text := claim_kind || ':' || lower(claimed);
  since timestamptz := clock_timestamp() - make_interval(secs => (limits ->> 'window_s')::int);
  customer uuid;
  oldest timestamptz;
BEGIN
  -- One start at a time for each tenant: two that count together could both pass a limit.
  PERFORM pg_advisory_xact_lock(7003, current_tenant());
  SELECT min(created_at) INTO oldest FROM auth_challenges
   WHERE tenant_id = current_tenant() AND claim = claim_key AND created_at > since HAVING count(*) >= (limits ->> 'per_claim')::int;
  IF oldest IS NULL THEN
    SELECT min(created_at) INTO oldest FROM auth_challenges
     WHERE tenant_id = current_tenant() AND address = from_address AND created_at > since HAVING count(*) >= (limits ->> 'per_address')::int;
  END IF;
  IF oldest IS NOT NULL THEN
    outcome := 'limited';
    retry_after_s := greatest(1, ceil(extract(epoch FROM oldest - since)));
    PERFORM audit('caller', 'auth.limited', 'session', session::text);
    RETURN;
  END IF;
  customer := claimed_customer(claim_kind, claimed, phone);
  SELECT u.phone_number INTO send_to FROM user_profiles u WHERE u.id = customer
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > since) < (limits ->> 'per_profile')::int
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > clock_timestamp() - interval '1 day') < (limits ->> 'per_profile_day')::int;
  outcome := 'started';
  INSERT INTO auth_challenges (session_id, claim, address, profile_id, sent, salt, code_hash, max_attempts, expires_at)
  VALUES (session, claim_key, from_address, customer, send_to IS NOT NULL, code_salt, hash, (limits ->> 'max_attempts')::int,
          clock_timestamp() + make_interval(secs => (limits ->> 'expires_s')::int))
  RETURNING challenge_id INTO challenge;
  PERFORM audit('caller', 'auth.started', 'session', session::text,
    jsonb_build_object('challenge', challenge, 'profile', customer, 'sent', send_to IS NOT NULL));
END $$;

-- Takes one attempt at the newest challenge of a session, before the code is looked at.
-- 'open' comes with what is needed to judge it; every other outcome is final and logged.
CREATE FUNCTION take_attempt(session uuid, from_address text,
  OUT outcome text, OUT challenge uuid, OUT code_salt bytea, OUT hash bytea, OUT attempts_left int) LANGUAGE plpgsql AS $$
DECLARE
  c auth_challenges;
BEGIN
  SELECT * INTO c FROM auth_challenges WHERE session_id = session ORDER BY created_at DESC LIMIT 1 FOR UPDATE;
  challenge := c.challenge_id;
  outcome := CASE WHEN c.challenge_id IS NULL THEN 'none'
                  WHEN c.consumed_at IS NOT NULL THEN 'used'
                  WHEN c.expires_at <= clock_timestamp() THEN 'expired'
                  WHEN c.attempts >= c.max_attempts THEN 'exhausted'
                  ELSE 'open' END;
  IF outcome = 'open' THEN
    UPDATE auth_challenges SET attempts = attempts + 1 WHERE challenge_id = c.challenge_id;
    code_salt := c.salt;
    hash := c.code_hash;
    attempts_left := c.max_attempts - c.attempts - 1;
  ELSE
    PERFORM log_attempt(challenge, session, from_address, outcome);
  END IF;
END $$;

CREATE FUNCTION log_attempt(challenge uuid, session uuid, from_address text, outcome text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_attempts (challenge_id, session_id, address, outcome) VALUES (challenge, session, from_address, outcome);
  PERFORM audit('caller', 'auth.' || outcome, 'session', session::text, jsonb_build_object('challenge', challenge));
END $$;

-- The code was right: spends the challenge. The customer, or NULL if nobody's code was sent
-- (a lucky guess against a claim that matched nobody proves nothing) or it was spent already.
CREATE FUNCTION spend_challenge(challenge uuid, session uuid, from_address text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
BEGIN
  UPDATE auth_challenges SET consumed_at = clock_timestamp()
   WHERE challenge_id = challenge AND consumed_at IS NULL AND sent RETURNING live_profile(profile_id) INTO customer;
  PERFORM log_attempt(challenge, session, from_address, CASE WHEN customer IS NULL THEN 'wrong' ELSE 'verified' END);
  RETURN customer;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (7, 'authentication', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '13200282613056373388');
\else
\echo already migrated: 7 authentication
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 8) AS pending \gset
\if :pending
\echo applying 8 operations

-- What the workers need to agree on, and promises made to a caller.

-- A worker is alive while its lease lasts; a session of a dead worker may be swept.
CREATE TABLE workers (
  worker_id  text NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  started_at timestamptz NOT NULL DEFAULT now(),
  beat_at    timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  info       jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (tenant_id, worker_id)
);

-- One agent a room. A lease rather than a lock on a connection: it costs no connection, and
-- one whose holder was killed runs out.
CREATE TABLE room_locks (
  room       text NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  holder     text NOT NULL,
  taken_at   timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (tenant_id, room)
);

-- A caller reads their own summary once, by a random token that only they were given. The
-- hash alone is kept. No reference to the session: its row may be on its way.
CREATE TABLE summary_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX summary_tokens_expiry ON summary_tokens (expires_at);

CREATE TABLE callbacks (
  callback_id  uuid PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL REFERENCES agent_sessions,
  phone_number text,
  reason       text,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at      timestamptz,
  done_by      text,
  CHECK ((done_at IS NULL) = (done_by IS NULL))
);
CREATE INDEX callbacks_open ON callbacks (tenant_id, requested_at) WHERE done_at IS NULL;
CREATE INDEX callbacks_session ON callbacks (session_id);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (8, 'operations', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '317839930363671973');
\else
\echo already migrated: 8 operations
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 9) AS pending \gset
\if :pending
\echo applying 9 row_level_security

-- A connection sees the rows of its tenant and no others, whatever the query says.
--
-- FORCE, because the role that migrates owns the tables and the application usually connects
-- as that role; an owner is exempt otherwise. Superusers are always exempt: do not run the
-- application as one. The policy compares a column of the row itself, because a policy that
-- looks the tenant up in another table costs sixteen times as much. An unset tenant sees
-- nothing.

DO $$
DECLARE
  t text;
BEGIN
  FOR t IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'
     ORDER BY c.relname
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (9, 'row_level_security', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '7626506808707054919');
\else
\echo already migrated: 9 row_level_security
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 10) AS pending \gset
\if :pending
\echo applying 10 sealed_messages_by_month

-- conversation_messages anew: encrypted, chained by hash, and one partition for each month.
--
--   * content_ct is what the agent encrypted (database/src/message.rs); the key is never here.
--     Rows of before keep their readable content and have no hash.
--   * row_hash covers the row as stored and the hash before it (database/src/chain.rs). The
--     session keeps the hash of its last row, so that a tail cut off shows.
--   * A session's id is a UUIDv7, so its month is known from the id and a session lies in one
--     partition, however long it lasts. Ids of other months go to the default partition, whose
--     being empty a night job watches.
--   * No reference to agent_sessions: a start that is late must not keep the turns out. Turns
--     without a session are counted when it comes, and are found by orphaned_messages until then.

CREATE FUNCTION v7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- When an id was made, or NULL if it is no UUIDv7.
CREATE FUNCTION v7_time(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN substr(id::text, 15, 1) = '7'
              THEN to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) END
$$;

DROP VIEW counter_drift;
ALTER TABLE conversation_messages RENAME TO messages_before;
ALTER INDEX conversation_messages_created RENAME TO messages_before_created;
ALTER TABLE messages_before RENAME CONSTRAINT conversation_messages_pkey TO messages_before_pkey;

CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content     text,                    -- rows of before alone; erasing a person empties it
  content_ct  bytea,                   -- redacted before it is encrypted
  redacted    boolean NOT NULL DEFAULT false,
  started_ms  int,                     -- media time since the track began
  ended_ms    int,
  interrupted boolean NOT NULL DEFAULT false,
  sentiment   smallint CHECK (sentiment BETWEEN -100 AND 100),
  intent      text,
  tool_name   text,
  latency_ms  int,                     -- end of speech to first audio
  meta        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  row_hash    bytea CHECK (length(row_hash) = 32),
  CONSTRAINT conversation_messages_pkey PRIMARY KEY (session_id, seq),
  CONSTRAINT hashed_means_encrypted CHECK ((row_hash IS NULL) = (content_ct IS NULL)),
  CONSTRAINT never_twice_the_words CHECK (content IS NULL OR content_ct IS NULL)
) PARTITION BY RANGE (session_id);
CREATE INDEX conversation_messages_created ON conversation_messages USING brin (created_at);

-- The hash of the session's last message (the highest seq), kept by count_messages.
ALTER TABLE agent_sessions ADD COLUMN chain_head bytea CHECK (length(chain_head) = 32);

-- Statement triggers of the parent do not fire for a statement on a partition, and its policy
-- does not apply to one: a partition therefore has its own, and takes rows from the parent alone.
CREATE FUNCTION through_the_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'messages are inserted into conversation_messages, not into %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION guard_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION append_only()', name);
  EXECUTE format('CREATE TRIGGER through_the_parent BEFORE INSERT ON %I FOR EACH STATEMENT EXECUTE FUNCTION through_the_parent()', name);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', name);
END $$;
REVOKE EXECUTE ON FUNCTION guard_partition(text) FROM PUBLIC;

-- A month's partition; true if it was missing. Rows of that month that went to the default
-- partition meanwhile are moved, without being counted again.
CREATE FUNCTION make_message_partition(month timestamptz) RETURNS boolean LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamptz := date_trunc('month', month, 'UTC');
  low uuid := v7_floor(first);
  high uuid := v7_floor((first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
  name text := 'conversation_messages_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
  misplaced boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  IF to_regclass(quote_ident(name)) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE conversation_messages INCLUDING ALL)', name);
  ALTER TABLE conversation_messages_default NO FORCE ROW LEVEL SECURITY;
  SELECT EXISTS (SELECT FROM conversation_messages_default WHERE session_id >= low AND session_id < high) INTO misplaced;
  IF misplaced THEN
    ALTER TABLE conversation_messages_default DISABLE TRIGGER append_only;
    EXECUTE format('INSERT INTO %I SELECT * FROM conversation_messages_default WHERE session_id >= $1 AND session_id < $2', name) USING low, high;
    DELETE FROM conversation_messages_default WHERE session_id >= low AND session_id < high;
    ALTER TABLE conversation_messages_default ENABLE TRIGGER append_only;
  END IF;
  ALTER TABLE conversation_messages_default FORCE ROW LEVEL SECURITY;
  -- Attaching keeps readers and writers of the other partitions out of nothing, as creating a
  -- partition in place would.
  EXECUTE format('ALTER TABLE conversation_messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
  PERFORM guard_partition(name);
  RETURN true;
END $$;

-- This month's partition and those of the months to come; how many were missing.
CREATE FUNCTION make_message_partitions(months_ahead int) RETURNS int LANGUAGE sql AS $$
  SELECT count(*)::int FROM generate_series(0, months_ahead) n
   WHERE make_message_partition(now() + make_interval(months => n))
$$;

CREATE TABLE conversation_messages_default PARTITION OF conversation_messages DEFAULT;
SELECT guard_partition('conversation_messages_default');
SELECT make_message_partitions(3);

-- Every tenant's rows, also where the migrating role is no superuser. No trigger is there yet to
-- count them again.
ALTER TABLE messages_before NO FORCE ROW LEVEL SECURITY;
SELECT make_message_partition(month) FROM (
  SELECT DISTINCT date_trunc('month', v7_time(session_id), 'UTC') AS month FROM messages_before WHERE v7_time(session_id) < now()) m;
INSERT INTO conversation_messages (session_id, seq, tenant_id, role, content, redacted, started_ms, ended_ms, interrupted, sentiment,
                                   intent, tool_name, latency_ms, meta, created_at)
  SELECT session_id, seq, tenant_id, role, content, redacted, started_ms, ended_ms, interrupted, sentiment,
         intent, tool_name, latency_ms, meta, created_at FROM messages_before;
DROP TABLE messages_before;

ALTER TABLE conversation_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversation_messages FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON conversation_messages USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conversation_messages
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- A session and turns that came before it may be stored at the same moment: each would miss the
-- other. Whoever stores either holds this until the end of its transaction.
CREATE FUNCTION session_gate(session uuid) RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(uuid_hash_extended(session, 7004)) $$;
CREATE FUNCTION take_session_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM session_gate(NEW.session_id); RETURN NEW; END $$;
CREATE TRIGGER a_gate BEFORE INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION take_session_gate();

-- As before, and: the chain's head, and turns whose session is not there yet, which nobody counts
-- until count_sessions does.
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
  PERFORM session_gate(m.session_id) FROM (
    SELECT DISTINCT a.session_id FROM added a
     WHERE NOT EXISTS (SELECT FROM agent_sessions s WHERE s.session_id = a.session_id) ORDER BY 1) m;
  IF EXISTS (SELECT FROM added m JOIN agent_sessions s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM 1 FROM agent_sessions WHERE session_id IN (SELECT session_id FROM added) ORDER BY session_id FOR NO KEY UPDATE;
  UPDATE agent_sessions s
     SET message_count = s.message_count + c.messages,
         last_seq = greatest(s.last_seq, c.last_seq),
         chain_head = CASE WHEN c.last_seq > coalesce(s.last_seq, -1) THEN c.head ELSE s.chain_head END,
         -- A message flushed late was still said when it was said.
         last_activity_at = greatest(s.last_activity_at, c.latest)
    FROM (SELECT session_id, count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head,
                 least(max(created_at), now()) AS latest
            FROM added GROUP BY 1) c
   WHERE s.session_id = c.session_id;
  PERFORM 1 FROM user_profiles
    WHERE id IN (SELECT s.profile_id FROM added JOIN agent_sessions s USING (session_id)) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_messages = u.total_messages + c.messages, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT s.profile_id, count(*) AS messages, least(max(m.created_at), now()) AS latest
            FROM added m JOIN agent_sessions s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- As before, and: turns that came first are counted now.
CREATE OR REPLACE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH early AS (
    SELECT a.session_id, m.* FROM added a CROSS JOIN LATERAL (
      SELECT count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head, least(max(created_at), now()) AS latest
        FROM conversation_messages WHERE session_id = a.session_id AND tenant_id = a.tenant_id) m
     WHERE m.messages > 0)
  UPDATE agent_sessions s
     SET message_count = s.message_count + e.messages, last_seq = e.last_seq, chain_head = e.head,
         last_activity_at = greatest(s.last_activity_at, e.latest)
    FROM early e WHERE s.session_id = e.session_id;
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, total_messages = u.total_messages + c.messages,
         last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT s.profile_id, count(*) AS sessions, sum(s.message_count) AS messages, least(max(s.started_at), now()) AS latest
            FROM added a JOIN agent_sessions s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;

-- Sessions whose turns are here and whose start never came.
CREATE VIEW orphaned_messages WITH (security_invoker = true) AS
  SELECT m.session_id, count(*) AS messages, min(m.created_at) AS first_at, max(m.created_at) AS last_at
    FROM conversation_messages m
   WHERE NOT EXISTS (SELECT FROM agent_sessions s WHERE s.session_id = m.session_id)
   GROUP BY m.session_id;

-- Profiles whose counters differ from the rows. Always empty; a night job looks.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT a.profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM agent_sessions a
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (10, 'sealed_messages_by_month', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '14931115644558540044');
\else
\echo already migrated: 10 sealed_messages_by_month
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 11) AS pending \gset
\if :pending
\echo applying 11 keys

-- Keys of people and of sessions, wrapped: without the key file, which is not here, they open
-- nothing.
--
--   * A session's key is wrapped under the key of the profile it began with (origin_profile_id),
--     which never changes: merging and unmerging move no key.
--   * Deleting a person's row makes every session that began with that profile unreadable, and
--     what is sealed on the profile's own row.
--   * Whoever is first keeps its key: a repeated start offers another one and gets the stored one.

CREATE TABLE person_keys (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key_id     int NOT NULL CHECK (key_id > 0),                  -- number of the wrapping key in the key file
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60),      -- nonce 12, key 32, tag 16
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX person_keys_key ON person_keys (tenant_id, key_id);

CREATE TABLE session_keys (
  session_id uuid PRIMARY KEY REFERENCES agent_sessions,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  profile_id uuid NOT NULL REFERENCES person_keys,             -- whose key wraps it
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60)
);
CREATE INDEX session_keys_profile ON session_keys (profile_id);

-- The key file that a tenant's rows were written with, so that another one is refused by name
-- before it writes what the first cannot open.
CREATE TABLE key_files (
  tenant_id     int PRIMARY KEY DEFAULT current_tenant(),
  fingerprint   text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{16}$'),
  first_used_at timestamptz NOT NULL DEFAULT now()
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['person_keys', 'session_keys', 'key_files'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;

-- The fingerprint of this tenant's key file: the given one, if there was none yet.
CREATE FUNCTION claim_key_file(file text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  held text;
BEGIN
  SELECT fingerprint INTO held FROM key_files WHERE tenant_id = current_tenant();
  IF NOT FOUND THEN
    INSERT INTO key_files (fingerprint) VALUES (file) ON CONFLICT (tenant_id) DO NOTHING;
    SELECT fingerprint INTO held FROM key_files WHERE tenant_id = current_tenant();
  END IF;
  RETURN held;
END $$;

-- A profile's wrapped key: the stored one, else the candidate, which is stored. NULL if there is
-- no such profile or it was erased.
CREATE FUNCTION keep_person_key(profile uuid, candidate_key int, candidate bytea, OUT key_id int, OUT wrapped bytea) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  IF EXISTS (SELECT FROM user_profiles u WHERE u.id = profile AND u.erased_at IS NULL) THEN
    INSERT INTO person_keys (profile_id, key_id, wrapped) VALUES (profile, candidate_key, candidate)
    ON CONFLICT (profile_id) DO NOTHING;
  END IF;
  SELECT k.key_id, k.wrapped INTO key_id, wrapped FROM person_keys k WHERE k.profile_id = profile;
END $$;

-- A session's wrapped key: the stored one, else the candidate, which is stored. NULL if the
-- session is not there or its person was erased.
CREATE FUNCTION keep_session_key(session uuid, candidate bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  INSERT INTO session_keys (session_id, profile_id, wrapped)
  SELECT s.session_id, k.profile_id, candidate FROM agent_sessions s JOIN person_keys k ON k.profile_id = s.origin_profile_id
   WHERE s.session_id = session
  ON CONFLICT (session_id) DO NOTHING;
  RETURN (SELECT k.wrapped FROM session_keys k WHERE k.session_id = session);
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (11, 'keys', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '6094085487847858539');
\else
\echo already migrated: 11 keys
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 12) AS pending \gset
\if :pending
\echo applying 12 merging_at_once

-- Merging without waiting: a merge changes who owns sessions by one pointer, however many there
-- are, and every reader sees it from that moment.
--
--   * Each session keeps its home: the profile that was live when it began. Its owner is the
--     live profile of its home. Merging and unmerging change pointers and numbers; nothing has
--     to be moved for them to be true, and an unmerge gives back exactly what a merge took.
--   * agent_sessions, conversation_summaries and lead_events are views that say the owner. The
--     rows are in session_rows, summary_rows and lead_event_rows. The views take INSERT, UPDATE,
--     DELETE and row locks as the tables did; summaries and lead events follow their session,
--     as messages do.
--   * session_rows.profile_id is a copy of the owner, for the index that finds a profile's
--     sessions. At most 100 sessions are brought up to date in the merge; beyond that their homes
--     are written down in profile_drains, and drain_merges does it in the background. Whoever
--     looks by profile asks sessions_of, which knows both.

ALTER TABLE agent_sessions RENAME TO session_rows;
ALTER TABLE conversation_summaries RENAME TO summary_rows;
ALTER TABLE lead_events RENAME TO lead_event_rows;

-- What was moved until now tells where sessions are at home: with the source of the first
-- merge, of those that stand, that moved them.
ALTER TABLE session_rows ADD COLUMN home_profile_id uuid REFERENCES user_profiles;
ALTER TABLE session_rows NO FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merge_moves NO FORCE ROW LEVEL SECURITY;
-- When the target had been seen before the merge. Apart from the images, which go when the
-- other profile is erased: unmerging a third needs the times of the one that lives on.
ALTER TABLE profile_merges ADD COLUMN target_first_seen_at timestamptz, ADD COLUMN target_last_seen_at timestamptz;
UPDATE profile_merges SET target_first_seen_at = (target_before ->> 'first_seen_at')::timestamptz,
       target_last_seen_at = (target_before ->> 'last_seen_at')::timestamptz WHERE outcome = 'merged';
UPDATE session_rows s SET home_profile_id = coalesce((
  SELECT m.source_id FROM profile_merge_moves v JOIN profile_merges m USING (merge_id)
   WHERE v.session_id = s.session_id AND v.returned_at IS NULL AND m.reverted_at IS NULL
   ORDER BY m.merge_id LIMIT 1), s.profile_id);
ALTER TABLE session_rows FORCE ROW LEVEL SECURITY;
ALTER TABLE profile_merges FORCE ROW LEVEL SECURITY;
ALTER TABLE session_rows ALTER COLUMN home_profile_id SET NOT NULL;
CREATE INDEX session_rows_home ON session_rows (home_profile_id, session_id);
DROP FUNCTION return_sessions(profile_merges, uuid);
DROP TABLE profile_merge_moves;

-- Homes some of whose sessions still carry an older owner. Written under the exclusive identity
-- lock; drain_merges empties it.
CREATE TABLE profile_drains (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_to    uuid                      -- sessions up to this one were looked at
);
ALTER TABLE profile_drains ENABLE ROW LEVEL SECURITY;
ALTER TABLE profile_drains FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON profile_drains USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());

-- A view of a table of which one column is worked out instead of read. A later migration that
-- adds a column to the table calls this again.
CREATE FUNCTION make_owner_view(name text, rows_in text, owner text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  listed text;
  c record;
BEGIN
  SELECT string_agg(CASE a.attname WHEN 'profile_id' THEN format('(%s) AS profile_id', owner) ELSE format('r.%I', a.attname) END, ', ' ORDER BY a.attnum)
    INTO listed FROM pg_attribute a WHERE a.attrelid = rows_in::regclass AND a.attnum > 0 AND NOT a.attisdropped;
  IF strpos(listed, ' AS profile_id') = 0 THEN listed := format('%s, (%s) AS profile_id', listed, owner); END IF;
  EXECUTE format('CREATE OR REPLACE VIEW %I WITH (security_invoker = true) AS SELECT %s FROM %I r', name, listed, rows_in);
  FOR c IN SELECT a.attname, pg_get_expr(d.adbin, d.adrelid) AS value FROM pg_attribute a JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
            WHERE a.attrelid = rows_in::regclass AND NOT a.attisdropped LOOP
    EXECUTE format('ALTER VIEW %I ALTER COLUMN %I SET DEFAULT %s', name, c.attname, c.value);
  END LOOP;
END $$;
REVOKE EXECUTE ON FUNCTION make_owner_view(text, text, text) FROM PUBLIC;

DROP TRIGGER b_resolve ON summary_rows;
DROP TRIGGER b_resolve ON lead_event_rows;
DROP FUNCTION profile_of_session();
ALTER TABLE summary_rows DROP COLUMN profile_id;
ALTER TABLE lead_event_rows DROP COLUMN profile_id;
SELECT make_owner_view('agent_sessions', 'session_rows',
  'SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id');
SELECT make_owner_view(name, rows_in, 'SELECT coalesce(u.merged_into_profile_id, u.id) FROM session_rows s JOIN user_profiles u ON u.id = s.home_profile_id WHERE s.session_id = r.session_id')
  FROM (VALUES ('conversation_summaries', 'summary_rows'), ('lead_events', 'lead_event_rows')) v(name, rows_in);

CREATE FUNCTION session_of_this_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id) THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_tenant BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();
CREATE TRIGGER b_tenant BEFORE INSERT ON lead_event_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();

-- INSERT ... ON CONFLICT is for session_rows; a plain INSERT may name the view.
CREATE FUNCTION insert_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO session_rows VALUES (NEW.*) RETURNING * INTO NEW; RETURN NEW; END $$;
CREATE TRIGGER insert_session INSTEAD OF INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION insert_session();

CREATE FUNCTION resolve_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.origin_profile_id := coalesce(NEW.origin_profile_id, NEW.profile_id);
  NEW.home_profile_id := live_profile(NEW.profile_id);
  NEW.profile_id := NEW.home_profile_id;
  IF NEW.profile_id IS NULL THEN
    RAISE EXCEPTION 'profile % does not exist', NEW.origin_profile_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER b_resolve ON session_rows;
CREATE TRIGGER b_resolve BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION resolve_session();

-- The copy of the owner can only be corrected; where a session began and is at home never changes.
CREATE OR REPLACE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id OR NEW.home_profile_id <> OLD.home_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND NEW.profile_id <> live_profile(OLD.home_profile_id)) THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
DROP TRIGGER owner_is_fixed ON session_rows;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id, home_profile_id ON session_rows
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

-- Sessions of the live profile of this one, by index: a condition on the view's profile_id would
-- read every session.
CREATE FUNCTION sessions_of(profile uuid) RETURNS SETOF agent_sessions LANGUAGE sql STABLE AS $$
  SELECT s.* FROM agent_sessions s
   WHERE s.session_id IN (
           SELECT r.session_id FROM session_rows r WHERE r.profile_id = live_profile(profile)
           UNION SELECT r.session_id FROM profile_drains d JOIN user_profiles h ON h.id = d.profile_id
                                                           JOIN session_rows r ON r.home_profile_id = d.profile_id
                  WHERE live_profile(profile) IN (h.id, h.merged_into_profile_id))
     AND s.profile_id = live_profile(profile)
$$;

-- Brings the copies of the owner up to date, for at most this many sessions; several may run at
-- once. 'refiled': sessions corrected; 'pending': homes that still wait.
CREATE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
DECLARE
  home profile_drains;
  owner uuid;
  looked_at uuid[];
  moved int;
BEGIN
  refiled := 0;
  -- Pointers stand still meanwhile; callers and their turns go on.
  PERFORM identity_lock(false);
  FOR home IN SELECT d.* FROM profile_drains d WHERE d.tenant_id = current_tenant()
               ORDER BY d.since LIMIT at_most FOR UPDATE SKIP LOCKED LOOP
    owner := live_profile(home.profile_id);
    -- A row that a writer holds is passed over and found by the look at the end: nobody waits here.
    SELECT array_agg(o.session_id) INTO looked_at FROM (
      SELECT r.session_id FROM session_rows r
       WHERE r.home_profile_id = home.profile_id AND r.session_id > coalesce(home.done_to, '00000000-0000-0000-0000-000000000000') AND r.profile_id <> owner
       ORDER BY r.session_id LIMIT at_most - refiled FOR NO KEY UPDATE SKIP LOCKED) o;
    UPDATE session_rows r SET profile_id = owner WHERE r.session_id = ANY (looked_at);
    GET DIAGNOSTICS moved = ROW_COUNT;
    refiled := refiled + moved;
    IF refiled >= at_most THEN
      UPDATE profile_drains d SET done_to = looked_at[moved] WHERE d.profile_id = home.profile_id;
    ELSIF EXISTS (SELECT FROM session_rows r WHERE r.home_profile_id = home.profile_id AND r.profile_id <> owner) THEN
      UPDATE profile_drains d SET done_to = NULL WHERE d.profile_id = home.profile_id;
    ELSE
      DELETE FROM profile_drains d WHERE d.profile_id = home.profile_id;
    END IF;
    EXIT WHEN refiled >= at_most;
  END LOOP;
  SELECT count(*) INTO pending FROM profile_drains d WHERE d.tenant_id = current_tenant();
END $$;

-- A caller waits for no more than this: 100 take about 2 ms.
CREATE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

-- After these homes got another owner: their sessions now if they are few, else in the background.
CREATE FUNCTION refile(homes uuid[], owner uuid, sessions int) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF sessions <= sessions_filed_at_once() THEN
    PERFORM 1 FROM session_rows WHERE home_profile_id = ANY (homes) ORDER BY session_id FOR NO KEY UPDATE;
    UPDATE session_rows SET profile_id = owner WHERE home_profile_id = ANY (homes) AND profile_id <> owner;
    DELETE FROM profile_drains WHERE profile_id = ANY (homes);
  ELSE
    INSERT INTO profile_drains (profile_id) SELECT unnest(homes) ON CONFLICT (profile_id) DO UPDATE SET done_to = NULL;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION refile(uuid[], uuid, int) FROM PUBLIC;

-- True if within 30 days five other customers proved themselves on this device: it is a kiosk or
-- a family's telephone, and says nothing about who is calling.
CREATE FUNCTION device_is_shared(device text, besides uuid DEFAULT NULL) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT count(DISTINCT c.id) >= 5 FROM user_profiles u JOIN user_profiles c ON c.id = u.merged_into_profile_id
   WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
     AND u.merged_at > now() - interval '30 days' AND c.profile_type = 'authenticated' AND c.id IS DISTINCT FROM besides
$$;

-- merge_profiles(anonymous, authenticated): 'merged', 'already_merged', 'not_found' or 'refused_...'.
-- What it does depends on how many profiles were merged into the source, never on its sessions.
CREATE OR REPLACE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
  reason text DEFAULT NULL, force boolean DEFAULT false, in_session uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  source user_profiles;
  target user_profiles;
  outcome text;
  merge bigint;
  family uuid[];
BEGIN
  PERFORM identity_lock(true);
  PERFORM 1 FROM user_profiles WHERE id IN (live_profile(anonymous), live_profile(authenticated)) ORDER BY id FOR UPDATE;
  SELECT * INTO source FROM user_profiles WHERE id = live_profile(anonymous);
  SELECT * INTO target FROM user_profiles WHERE id = live_profile(authenticated);
  outcome := judge_merge(source, target, force);
  IF outcome = 'merged' AND source.profile_type = 'anonymous' AND NOT force AND device_is_shared(source.anonymous_id, target.id) THEN
    outcome := 'refused_shared_device';
  END IF;
  merge := record_merge_attempt(outcome, anonymous, authenticated, source, target, actor, reason, in_session);
  IF outcome <> 'merged' THEN RETURN outcome; END IF;

  -- Whoever pointed at the source points at the target: look-ups stay one step.
  SELECT array_agg(id) INTO family FROM user_profiles WHERE id = source.id OR merged_into_profile_id = source.id;
  IF source.total_sessions <= sessions_filed_at_once() THEN PERFORM check_counts(source, family); END IF;
  UPDATE user_profiles SET merged_into_profile_id = target.id WHERE merged_into_profile_id = source.id;
  UPDATE user_profiles SET merged_into_profile_id = target.id, merged_at = clock_timestamp(), updated_at = now(),
         total_sessions = 0, total_messages = 0, version = version + 1
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + source.total_sessions, total_messages = total_messages + source.total_messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now(), version = greatest(version, source.version) + 1
   WHERE id = target.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;
  PERFORM refile(family, target.id, source.total_sessions);
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = source.total_sessions, messages_moved = source.total_messages,
         target_first_seen_at = target.first_seen_at, target_last_seen_at = target.last_seen_at WHERE merge_id = merge;
  RETURN 'merged';
END $$;

-- Refuses to carry on numbers that are wrong. Larger profiles than a merge can count are counted
-- by whoever looks at counter_drift.
CREATE FUNCTION check_counts(p user_profiles, family uuid[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  sessions int;
  messages bigint;
BEGIN
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (family);
  IF sessions <> p.total_sessions OR messages <> p.total_messages THEN
    RAISE EXCEPTION 'counter drift on %: % sessions counted as %, % messages counted as %',
      p.id, sessions, p.total_sessions, messages, p.total_messages USING ERRCODE = 'data_corrupted';
  END IF;
END $$;

-- unmerge_profile(source): 'unmerged', 'not_merged', or 'refused_name_taken'. Counts the source's
-- sessions, so it takes time for many; a drain that is not done yet is no hindrance.
CREATE OR REPLACE FUNCTION unmerge_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  m profile_merges;
  root uuid;
  sessions int;
  messages bigint;
  subtree uuid[];
  above uuid[];
BEGIN
  PERFORM identity_lock(true);
  SELECT * INTO m FROM profile_merges WHERE source_id = source AND outcome = 'merged' AND reverted_at IS NULL;
  IF NOT FOUND THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'not_merged', 'reason', why));
    RETURN 'not_merged';
  END IF;
  root := live_profile(source);
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT source UNION SELECT id FROM merged_ancestors(source)) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT FROM user_profiles u JOIN user_profiles s ON lower(u.username) = lower(s.username) AND u.tenant_id = s.tenant_id
              WHERE s.id = source AND u.id <> source AND u.merged_into_profile_id IS NULL) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'refused_name_taken', 'reason', why));
    RETURN 'refused_name_taken';
  END IF;
  SELECT array_agg(id) INTO subtree FROM merged_subtree(source);
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (subtree);
  UPDATE profile_identifiers SET profile_id = source WHERE profile_id = root AND origin_profile_id = ANY (subtree);
  SELECT array_agg(id) INTO above FROM merged_ancestors(source);
  PERFORM return_traits(m, holder) FROM unnest(above) holder;

  UPDATE user_profiles SET total_sessions = total_sessions - sessions, total_messages = total_messages - messages,
         updated_at = now(), version = version + 1 WHERE id = root;
  -- The device may have a fresh profile by now, which keeps the id; the old one keeps a trace of it.
  UPDATE user_profiles s SET anonymous_id = left(s.anonymous_id, 200) || '#' || s.id
   WHERE s.id = source AND s.profile_type = 'anonymous' AND EXISTS (
     SELECT FROM user_profiles u WHERE u.tenant_id = s.tenant_id AND u.anonymous_id = s.anonymous_id
        AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL AND u.id <> s.id);
  UPDATE user_profiles SET merged_into_profile_id = NULL, merged_at = NULL, total_sessions = sessions, total_messages = messages,
         updated_at = now(), version = version + 1 WHERE id = source;
  UPDATE user_profiles SET merged_into_profile_id = source WHERE id = ANY (subtree) AND id <> source;
  PERFORM refile(subtree, source, sessions);
  UPDATE profile_merges SET reverted_at = clock_timestamp(), reverted_by = by_actor WHERE merge_id = m.merge_id;
  PERFORM restore_seen_times(holder) FROM unnest(above) holder;
  PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
    'outcome', 'unmerged', 'from', root, 'merge', m.merge_id, 'sessions', sessions, 'messages', messages, 'reason', why));
  RETURN 'unmerged';
END $$;

-- The profiles that a merged one went into, step by step, up to the live one.
CREATE FUNCTION merged_ancestors(profile uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT m.target_id AS id FROM profile_merges m WHERE m.source_id = profile AND m.outcome = 'merged' AND m.reverted_at IS NULL
    UNION SELECT m.target_id FROM profile_merges m JOIN up ON m.source_id = up.id WHERE m.outcome = 'merged' AND m.reverted_at IS NULL)
  SELECT id FROM up
$$;

-- first_seen_at and last_seen_at without what is no longer merged into this profile.
DROP FUNCTION restore_seen_times(profile_merges, uuid);
CREATE FUNCTION restore_seen_times(profile uuid) RETURNS void LANGUAGE sql AS $$
  WITH tree AS MATERIALIZED (SELECT t.id FROM merged_subtree(profile) t)
  UPDATE user_profiles u
     SET first_seen_at = least(own.first_seen, others.first_seen),
         last_seen_at = greatest(own.last_seen, others.last_seen, sessions.last_seen)
    FROM (SELECT e.target_first_seen_at AS first_seen, e.target_last_seen_at AS last_seen
            FROM profile_merges e WHERE e.target_id = profile AND e.outcome = 'merged' ORDER BY e.merge_id LIMIT 1) own,
         (SELECT min(o.first_seen_at) AS first_seen, max(o.last_seen_at) AS last_seen
            FROM user_profiles o JOIN tree USING (id) WHERE o.id <> profile) others,
         LATERAL (SELECT max(greatest(s.started_at, m.created_at)) AS last_seen FROM session_rows s JOIN tree ON tree.id = s.home_profile_id
            LEFT JOIN conversation_messages m ON m.session_id = s.session_id AND m.seq = s.last_seq
           -- Nothing is said later than the last activity: most sessions need not be looked into.
           WHERE s.last_activity_at > greatest(own.last_seen, others.last_seen)) sessions
   WHERE u.id = profile
$$;
REVOKE EXECUTE ON FUNCTION restore_seen_times(uuid) FROM PUBLIC;

-- As before, and: a device that many customers share recognises nobody.
CREATE OR REPLACE FUNCTION start_session(session uuid, room text, participant text, device text, via text, number text, worker text, started timestamptz)
RETURNS TABLE (profile_id uuid, seen_before boolean, total_sessions int, hint uuid) LANGUAGE plpgsql AS $$
DECLARE
  known text := CASE WHEN via = 'phone' THEN NULL
                     WHEN NOT is_blocked_identifier('anonymous_id', device) THEN btrim(device)
                     WHEN NOT is_blocked_identifier('participant', participant) THEN btrim(participant) END;
  calling text := CASE WHEN NOT is_blocked_identifier('phone', number) THEN number END;
  pointed_at uuid;
  owner uuid;
  seen boolean;
BEGIN
  PERFORM identity_lock(false);
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session) THEN
    IF device_is_shared(known) THEN known := NULL; END IF;
    pointed_at := customer_hint(known, calling);
    SELECT f.profile INTO owner FROM find_or_create_anonymous(coalesce(known, 'call-' || session), pointed_at, started) f;
    seen := pointed_at IS NOT NULL
         OR EXISTS (SELECT FROM user_profiles u WHERE u.id = owner AND u.total_sessions > 0)
         OR EXISTS (SELECT FROM session_rows s WHERE s.tenant_id = current_tenant() AND s.caller_number = calling);
    INSERT INTO session_rows (session_id, room_id, participant_id, profile_id, channel, caller_number, returning_caller, worker_id, started_at)
    VALUES (session, room, participant, owner, via, calling, seen, worker, started)
    ON CONFLICT (session_id) DO NOTHING;
    IF known IS NOT NULL THEN
      INSERT INTO profile_identifiers (kind, value, profile_id)
      VALUES (CASE WHEN known = btrim(device) THEN 'anonymous_id' ELSE 'participant' END, known, owner)
      ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO UPDATE SET last_seen_at = now();
    END IF;
  END IF;
  RETURN QUERY SELECT s.profile_id, s.returning_caller, u.total_sessions, u.hint_profile_id
    FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE s.session_id = session;
END $$;

-- Profiles whose counters differ from the rows, whoever they are filed under. Always empty.
CREATE OR REPLACE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT coalesce(h.merged_into_profile_id, h.id) AS profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM session_rows a JOIN user_profiles h ON h.id = a.home_profile_id
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);

REVOKE EXECUTE ON FUNCTION check_counts(user_profiles, uuid[]) FROM PUBLIC;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (12, 'merging_at_once', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '10560243868661450257');
\else
\echo already migrated: 12 merging_at_once
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 14) AS pending \gset
\if :pending
\echo applying 14 life_of_a_session

-- What follows a call: its summary, whatever dies in between; proofs kept outside; months that are
-- put away.
--
--   * A summary is owed from the moment a session ends, in the same transaction, and again when a
--     turn comes late. Workers claim what is owed; one that dies lets its claim run out; what fails
--     again and again is parked for a person to look at.
--   * anchored_seq is how far the session's chain is covered by a signed anchor outside the
--     database. Times cannot say that: a turn may be flushed long after it was said.
--   * Counters count what was said, wherever it is kept: putting a month's messages away changes
--     none. Recounting skips the ids of such a month.

CREATE TABLE outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  topic      text NOT NULL CHECK (topic IN ('summary')),
  dedupe_key text NOT NULL,            -- the session
  round      int NOT NULL DEFAULT 1,   -- grows when it is owed again: who did an earlier round is not done
  attempts   int NOT NULL DEFAULT 0,   -- of this round
  next_at    timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  done_at    timestamptz,
  parked_at  timestamptz,              -- given up until a person asks for it again
  error      text,                     -- of the last attempt; no personal data
  UNIQUE (tenant_id, topic, dedupe_key)
);
CREATE INDEX outbox_due ON outbox (tenant_id, next_at) WHERE done_at IS NULL AND parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (tenant_id, parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE FUNCTION owe_summary(session uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (topic, dedupe_key) VALUES ('summary', session::text)
  ON CONFLICT (tenant_id, topic, dedupe_key)
  DO UPDATE SET round = outbox.round + 1, attempts = 0, next_at = now(), done_at = NULL, parked_at = NULL, error = NULL
$$;
CREATE FUNCTION owe_summary_of_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM owe_summary(NEW.session_id); RETURN NULL; END $$;
-- At its end; at its end after all (an abandoned one whose worker was only slow); at a late turn.
CREATE TRIGGER owe_summary AFTER UPDATE OF status, last_seq ON session_rows FOR EACH ROW
  WHEN (NEW.status <> 'active' AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.last_seq IS DISTINCT FROM NEW.last_seq))
  EXECUTE FUNCTION owe_summary_of_session();

-- Claims up to this many, or the one of a session, for so long. Two claimers never get the same.
CREATE FUNCTION claim_summaries(session uuid, at_most int, lease interval)
RETURNS TABLE (item bigint, of_session uuid, of_round int, attempt int) LANGUAGE sql AS $$
  WITH due AS (
    SELECT o.id FROM outbox o
     WHERE o.tenant_id = current_tenant() AND o.topic = 'summary' AND o.done_at IS NULL AND o.parked_at IS NULL AND o.next_at <= now()
       AND (session IS NULL OR o.dedupe_key = session::text)
     ORDER BY o.next_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  UPDATE outbox o SET attempts = o.attempts + 1, next_at = now() + lease FROM due WHERE o.id = due.id
  RETURNING o.id, o.dedupe_key::uuid, o.round, o.attempts
$$;

-- Summaries owed by sessions of before, or lost by hand; how many.
CREATE FUNCTION owe_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE sql AS $$
  SELECT count(owe_summary(s.session_id))::int
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.done_at IS NULL)
$$;

ALTER TABLE session_rows ADD COLUMN anchored_seq int;
SELECT make_owner_view('agent_sessions', 'session_rows',
  'SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id');
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id)
  WHERE chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq;

-- A tenant's messages of one month, written to a file and no longer here.
CREATE TABLE message_archives (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  partition   text NOT NULL,
  low         uuid NOT NULL,           -- ids from low to below high
  high        uuid NOT NULL,
  messages    bigint NOT NULL,
  file        text NOT NULL,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  archived_at timestamptz NOT NULL DEFAULT now(),
  dropped_at  timestamptz,             -- NULL: in the file and still here
  PRIMARY KEY (tenant_id, partition)
);

CREATE FUNCTION is_archived(session uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM message_archives a
                  WHERE a.tenant_id = current_tenant() AND a.dropped_at IS NOT NULL AND session >= a.low AND session < a.high)
$$;

-- Months that are over for so many months, oldest first.
CREATE FUNCTION retired_partitions(keep_months int) RETURNS TABLE (name text, low uuid, high uuid) LANGUAGE sql STABLE AS $$
  SELECT c.relname::text, v7_floor(b.first), v7_floor((b.first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' AS first) b
   WHERE i.inhparent = 'conversation_messages'::regclass AND c.relname ~ '^conversation_messages_[0-9]{4}_[0-9]{2}$'
     AND b.first < date_trunc('month', now(), 'UTC') - make_interval(months => keep_months)
   ORDER BY 1
$$;

-- Detaches and drops a month once every tenant with messages in it has them in a file, by number.
-- 'dropped', 'not_archived' (of this or another tenant) or 'not_found'. As the owner, because a
-- tenant cannot see that another one has rows.
CREATE FUNCTION drop_archived_partition(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  unsafe boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  IF NOT EXISTS (SELECT FROM retired_partitions(0) r WHERE r.name = drop_archived_partition.name) THEN RETURN 'not_found'; END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
  ALTER TABLE message_archives NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT tenant_id, count(*) AS n FROM %I GROUP BY 1) m
                    LEFT JOIN message_archives a ON a.tenant_id = m.tenant_id AND a.partition = %L WHERE a.messages IS DISTINCT FROM m.n)', name, name) INTO unsafe;
  IF NOT unsafe THEN
    EXECUTE format('ALTER TABLE conversation_messages DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    UPDATE message_archives a SET dropped_at = now() WHERE a.partition = name;
  ELSE
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  END IF;
  ALTER TABLE message_archives FORCE ROW LEVEL SECURITY;
  RETURN CASE WHEN unsafe THEN 'not_archived' ELSE 'dropped' END;
END $$;
REVOKE EXECUTE ON FUNCTION drop_archived_partition(text) FROM PUBLIC;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['outbox', 'message_archives'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;

-- Sessions whose own numbers differ from their rows. Always empty; a night job looks.
CREATE VIEW session_drift WITH (security_invoker = true) AS
  SELECT s.session_id, s.message_count, s.last_seq, m.messages AS counted_messages, m.last_seq AS counted_last_seq
    FROM session_rows s
    CROSS JOIN LATERAL (SELECT count(*) AS messages, max(seq) AS last_seq FROM conversation_messages WHERE session_id = s.session_id) m
   WHERE (s.message_count <> m.messages OR s.last_seq IS DISTINCT FROM m.last_seq) AND NOT is_archived(s.session_id);

-- As before, and: a session that is put away counts as it says, not by rows.
CREATE OR REPLACE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT coalesce(h.merged_into_profile_id, h.id) AS profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM session_rows a JOIN user_profiles h ON h.id = a.home_profile_id
                 CROSS JOIN LATERAL (SELECT CASE WHEN is_archived(a.session_id) THEN a.message_count::bigint
                   ELSE (SELECT count(*) FROM conversation_messages WHERE session_id = a.session_id) END AS messages) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (14, 'life_of_a_session', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '15025159420894010771');
\else
\echo already migrated: 14 life_of_a_session
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 15) AS pending \gset
\if :pending
\echo applying 15 personal_data_sealed_and_erased

-- Names, numbers and addresses are sealed, found by index, and can be made to disappear.
--
--   * name_ct, phone_ct, email_ct and caller_ct are what the program sealed with the person's or
--     the session's key. *_bidx is a keyed hash of the normalised value: equal values are equal,
--     and nothing here turns one back. SQL compares indexes and never sees a value.
--   * A session's key is wrapped under the key of its home, the profile that was live when it
--     began: the sessions whose home is in an erased tree are exactly those that disappear.
--   * Erasing destroys keys, overwrites what is readable, and leaves rows, counts and hashes: the
--     record still verifies. What of an erased session or identifier arrives later (a stale spool)
--     is dropped and counted here; who calls again afterwards is a stranger.
--   * Values of before cannot be sealed by SQL. They wait in the table "unsealed", which
--     `teller migrate` empties and without which it does nothing.

CREATE TABLE unsealed (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  kind      text NOT NULL CHECK (kind IN ('phone', 'email', 'caller', 'callback')),
  id        uuid NOT NULL,             -- of the profile, session or callback
  value     text NOT NULL,
  PRIMARY KEY (tenant_id, kind, id)
);

ALTER TABLE user_profiles NO FORCE ROW LEVEL SECURITY;
ALTER TABLE session_rows NO FORCE ROW LEVEL SECURITY;
ALTER TABLE callbacks NO FORCE ROW LEVEL SECURITY;
ALTER TABLE auth_challenges NO FORCE ROW LEVEL SECURITY;
ALTER TABLE auth_attempts NO FORCE ROW LEVEL SECURITY;
INSERT INTO unsealed SELECT tenant_id, 'phone', id, phone_number FROM user_profiles WHERE phone_number IS NOT NULL
  UNION ALL SELECT tenant_id, 'email', id, email FROM user_profiles WHERE email IS NOT NULL
  UNION ALL SELECT tenant_id, 'caller', session_id, caller_number FROM session_rows WHERE caller_number IS NOT NULL
  UNION ALL SELECT tenant_id, 'callback', callback_id, phone_number FROM callbacks WHERE phone_number IS NOT NULL;
-- Claims and addresses only served limits of an hour; the audit keeps what happened.
UPDATE auth_attempts SET challenge_id = NULL, address = NULL;
DELETE FROM auth_challenges;

ALTER TABLE user_profiles DROP COLUMN phone_number, DROP COLUMN email,
  ADD COLUMN name_ct bytea, ADD COLUMN phone_ct bytea, ADD COLUMN email_ct bytea,
  ADD COLUMN phone_bidx bytea CHECK (length(phone_bidx) = 32), ADD COLUMN email_bidx bytea CHECK (length(email_bidx) = 32),
  ADD CONSTRAINT phone_is_found_by_index CHECK ((phone_ct IS NULL) = (phone_bidx IS NULL)),
  ADD CONSTRAINT email_is_found_by_index CHECK ((email_ct IS NULL) = (email_bidx IS NULL)),
  ADD CONSTRAINT erased_means_empty CHECK (erased_at IS NULL OR (anonymous_id IS NULL AND username IS NULL AND name_ct IS NULL
    AND phone_ct IS NULL AND email_ct IS NULL AND hint_profile_id IS NULL
    AND profile_metadata = '{}' AND metadata_provenance = '{}' AND consent = '{}'));
CREATE INDEX user_profiles_phone ON user_profiles (tenant_id, phone_bidx) WHERE phone_bidx IS NOT NULL AND merged_into_profile_id IS NULL;

-- A number or an address can only be here as its index, in hexadecimal digits. Devices and
-- participants have theirs beside them, for the day they are erased.
ALTER TABLE profile_identifiers ADD COLUMN bidx bytea CHECK (length(bidx) = 32),
  ADD CONSTRAINT numbers_are_indexes CHECK (kind NOT IN ('phone', 'email') OR value ~ '^[0-9a-f]{64}$');
ALTER TABLE blocked_identifiers
  ADD CONSTRAINT numbers_are_indexes CHECK (kind <> 'phone' OR pattern ~ '^[0-9a-f]{64}$');

ALTER TABLE callbacks DROP COLUMN phone_number, ADD COLUMN phone_ct bytea;
ALTER TABLE auth_challenges ALTER COLUMN claim TYPE bytea USING NULL, ALTER COLUMN address TYPE bytea USING NULL;
ALTER TABLE auth_attempts ALTER COLUMN address TYPE bytea USING NULL;
ALTER TABLE session_keys ADD COLUMN caller_ct bytea;

DROP FUNCTION sessions_of(uuid);
DROP VIEW agent_sessions;
ALTER TABLE session_rows DROP COLUMN caller_number, ADD COLUMN caller_bidx bytea CHECK (length(caller_bidx) = 32);
CREATE INDEX session_rows_caller ON session_rows (tenant_id, caller_bidx) WHERE caller_bidx IS NOT NULL;
SELECT make_owner_view('agent_sessions', 'session_rows',
  'SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id');
CREATE TRIGGER insert_session INSTEAD OF INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION insert_session();
CREATE FUNCTION sessions_of(profile uuid) RETURNS SETOF agent_sessions LANGUAGE sql STABLE AS $$
  SELECT s.* FROM agent_sessions s
   WHERE s.session_id IN (
           SELECT r.session_id FROM session_rows r WHERE r.profile_id = live_profile(profile)
           UNION SELECT r.session_id FROM profile_drains d JOIN user_profiles h ON h.id = d.profile_id
                                                           JOIN session_rows r ON r.home_profile_id = d.profile_id
                  WHERE live_profile(profile) IN (h.id, h.merged_into_profile_id))
     AND s.profile_id = live_profile(profile)
$$;

-- What was erased, and how much of it still tried to come in.
CREATE TABLE erased_sessions (
  session_id uuid PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  erased_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  dropped    int NOT NULL DEFAULT 0    -- records that came too late
);
CREATE TABLE erased_identifiers (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  bidx      bytea NOT NULL CHECK (length(bidx) = 32),
  erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, bidx)
);

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['user_profiles', 'session_rows', 'callbacks', 'auth_challenges', 'auth_attempts'] LOOP
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
  END LOOP;
  FOREACH t IN ARRAY ARRAY['unsealed', 'erased_sessions', 'erased_identifiers'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;

-- What a merge writes down of the profiles: nothing sealed, which stays on its own row.
CREATE OR REPLACE FUNCTION profile_image(p user_profiles) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT to_jsonb(p) - ARRAY['name_ct', 'phone_ct', 'email_ct', 'phone_bidx', 'email_bidx'] $$;

DROP FUNCTION keep_session_key(uuid, bytea);
-- As before, under the home's key, and with the caller's number, sealed with the session's key.
CREATE FUNCTION keep_session_key(session uuid, candidate bytea, caller bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  INSERT INTO session_keys (session_id, profile_id, wrapped, caller_ct)
  SELECT s.session_id, k.profile_id, candidate, caller FROM session_rows s JOIN person_keys k ON k.profile_id = s.home_profile_id
   WHERE s.session_id = session
  ON CONFLICT (session_id) DO NOTHING;
  RETURN (SELECT k.wrapped FROM session_keys k WHERE k.session_id = session);
END $$;

-- The one customer this device or number points at; none if it points at several.
DROP FUNCTION customer_hint(text, text);
CREATE FUNCTION customer_hint(device text, caller bytea) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN caller IS NOT NULL THEN (
      SELECT min(id::text)::uuid FROM user_profiles
       WHERE tenant_id = current_tenant() AND phone_bidx = caller AND profile_type = 'authenticated'
         AND merged_into_profile_id IS NULL AND erased_at IS NULL HAVING count(*) = 1)
    ELSE (
      SELECT (array_agg(u.merged_into_profile_id ORDER BY u.merged_at DESC))[1] FROM user_profiles u
       WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
      HAVING count(DISTINCT u.merged_into_profile_id) FILTER (WHERE u.merged_at > now() - interval '30 days') <= 5)
    END
$$;

-- True if a record of this session may not be stored: it was erased, or it began before its
-- device or number was. Counts what is turned away.
CREATE FUNCTION turn_away_erased(session uuid, indexes bytea[], began timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM erased_sessions e WHERE e.session_id = session)
     OR (NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session)
         AND EXISTS (SELECT FROM erased_identifiers e WHERE e.tenant_id = current_tenant() AND e.bidx = ANY (indexes) AND e.erased_at > began)) THEN
    INSERT INTO erased_sessions AS e (session_id, dropped) VALUES (session, 1)
    ON CONFLICT (session_id) DO UPDATE SET dropped = e.dropped + 1;
    RETURN true;
  END IF;
  RETURN false;
END $$;

-- As before, with indexes in place of numbers. `erased`: nothing was stored, and nothing of this
-- session will be.
DROP FUNCTION start_session(uuid, text, text, text, text, text, text, timestamptz);
CREATE FUNCTION start_session(session uuid, room text, participant text, device text, via text, caller bytea, device_index bytea,
  participant_index bytea, worker text, started timestamptz)
RETURNS TABLE (profile_id uuid, seen_before boolean, total_sessions int, hint uuid, erased boolean) LANGUAGE plpgsql AS $$
DECLARE
  by_device boolean := via <> 'phone' AND NOT is_blocked_identifier('anonymous_id', device);
  by_participant boolean := via <> 'phone' AND NOT by_device AND NOT is_blocked_identifier('participant', participant);
  known text := CASE WHEN by_device THEN btrim(device) WHEN by_participant THEN btrim(participant) END;
  known_index bytea := CASE WHEN by_device THEN device_index WHEN by_participant THEN participant_index END;
  calling bytea := CASE WHEN NOT is_blocked_identifier('phone', encode(caller, 'hex')) THEN caller END;
  pointed_at uuid;
  owner uuid;
  seen boolean;
BEGIN
  PERFORM identity_lock(false);
  IF turn_away_erased(session, ARRAY[known_index, calling], started) THEN
    RETURN QUERY SELECT NULL::uuid, false, 0, NULL::uuid, true;
    RETURN;
  END IF;
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session) THEN
    IF device_is_shared(known) THEN known := NULL; END IF;
    pointed_at := customer_hint(known, calling);
    SELECT f.profile INTO owner FROM find_or_create_anonymous(coalesce(known, 'call-' || session), pointed_at, started) f;
    seen := pointed_at IS NOT NULL
         OR EXISTS (SELECT FROM user_profiles u WHERE u.id = owner AND u.total_sessions > 0)
         OR EXISTS (SELECT FROM session_rows s WHERE s.tenant_id = current_tenant() AND s.caller_bidx = calling);
    INSERT INTO session_rows (session_id, room_id, participant_id, profile_id, channel, caller_bidx, returning_caller, worker_id, started_at)
    VALUES (session, room, participant, owner, via, calling, seen, worker, started)
    ON CONFLICT (session_id) DO NOTHING;
    IF known IS NOT NULL THEN
      INSERT INTO profile_identifiers (kind, value, bidx, profile_id)
      VALUES (CASE WHEN by_device THEN 'anonymous_id' ELSE 'participant' END, known, known_index, owner)
      ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO UPDATE SET last_seen_at = now();
    END IF;
  END IF;
  RETURN QUERY SELECT s.profile_id, s.returning_caller, u.total_sessions, u.hint_profile_id, false
    FROM agent_sessions s JOIN user_profiles u ON u.id = s.profile_id WHERE s.session_id = session;
END $$;

-- Finds or creates a customer. A new one gets the candidate's id, key and sealed values; of a
-- known one the caller seals anew, with the key it has, and calls set_contact.
DROP FUNCTION ensure_customer(text, text, text, text, jsonb, boolean);
CREATE FUNCTION ensure_customer(candidate uuid, candidate_key int, candidate_wrapped bytea, name text, sealed_name bytea,
  sealed_phone bytea, phone_index bytea, sealed_email bytea, email_index bytea, customer_no text, overwrite boolean,
  OUT profile uuid, OUT created boolean) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  IF is_blocked_identifier('username', name) THEN
    RAISE EXCEPTION 'this username is not allowed' USING ERRCODE = 'check_violation';
  END IF;
  LOOP
    -- Live ones first; a name whose profile was merged leads to the profile that holds it.
    SELECT coalesce(u.merged_into_profile_id, u.id) INTO profile FROM user_profiles u
     WHERE u.tenant_id = current_tenant() AND lower(u.username) = lower(name)
     ORDER BY u.merged_into_profile_id NULLS FIRST, u.merged_at DESC LIMIT 1;
    created := NOT FOUND;
    EXIT WHEN NOT created;
    INSERT INTO user_profiles (id, profile_type, username, name_ct, phone_ct, phone_bidx, email_ct, email_bidx)
    VALUES (candidate, 'authenticated', name, sealed_name, sealed_phone, phone_index, sealed_email, email_index)
    ON CONFLICT (tenant_id, lower(username)) WHERE username IS NOT NULL AND merged_into_profile_id IS NULL
    DO NOTHING RETURNING id INTO profile;
    CONTINUE WHEN profile IS NULL;
    INSERT INTO person_keys (profile_id, key_id, wrapped) VALUES (profile, candidate_key, candidate_wrapped);
    EXIT;
  END LOOP;
  IF (created OR overwrite) AND customer_no IS NOT NULL THEN
    DELETE FROM profile_identifiers i WHERE i.tenant_id = current_tenant() AND i.kind = 'customer_no' AND i.origin_profile_id = profile AND i.value <> customer_no;
    INSERT INTO profile_identifiers (kind, value, profile_id, verified) VALUES ('customer_no', customer_no, profile, true)
    ON CONFLICT (tenant_id, kind, value, origin_profile_id) DO NOTHING;
  END IF;
END $$;

-- What is NULL stays. True if the profile is there and not erased.
CREATE FUNCTION set_contact(profile uuid, sealed_name bytea, sealed_phone bytea, phone_index bytea, sealed_email bytea, email_index bytea)
RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  UPDATE user_profiles u
     SET name_ct = coalesce(sealed_name, u.name_ct), phone_ct = coalesce(sealed_phone, u.phone_ct), phone_bidx = coalesce(phone_index, u.phone_bidx),
         email_ct = coalesce(sealed_email, u.email_ct), email_bidx = coalesce(email_index, u.email_bidx), updated_at = now(), version = u.version + 1
   WHERE u.id = profile AND u.erased_at IS NULL;
  RETURN FOUND;
END $$;

-- The one live customer that a claim names, or NULL. `phones`: indexes of the numbers that were
-- meant; of a national number one for each country it may be of.
DROP FUNCTION claimed_customer(text, text, text);
CREATE FUNCTION claimed_customer(claim_kind text, claimed text, phones bytea[]) RETURNS uuid LANGUAGE sql STABLE AS $$
  WITH found AS (
    SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'username' AND lower(u.username) = lower(claimed)
       AND (phones IS NULL OR u.phone_bidx = ANY (phones))
       AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
    UNION SELECT i.profile_id FROM profile_identifiers i
     WHERE claim_kind = 'digits' AND i.kind = 'customer_no' AND i.verified AND i.value = claimed AND i.tenant_id = current_tenant()
    UNION SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'digits' AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL AND u.phone_bidx = ANY (phones))
  SELECT min(u.id::text)::uuid FROM user_profiles u JOIN found USING (id)
   WHERE u.profile_type = 'authenticated' AND u.erased_at IS NULL HAVING count(*) = 1
$$;

-- limits: expires_s, max_attempts, window_s, per_claim, per_address, per_profile, per_profile_day.
-- 'limited' can be told to the caller; 'started' without send_to means that nothing is sent.
-- send_to comes with what opens its number, so that right and wrong claims take equally long.
DROP FUNCTION start_challenge(uuid, text, text, text, text, bytea, bytea, jsonb);
CREATE FUNCTION start_challenge(session uuid, claim_kind text, claimed text, phones bytea[], claim_index bytea, from_address bytea,
  code_salt bytea, hash bytea, limits jsonb,
  OUT outcome text, OUT challenge uuid, OUT send_to uuid, OUT phone_ct bytea, OUT key_id int, OUT wrapped bytea, OUT retry_after_s int) LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := clock_timestamp() - make_interval(secs => (limits ->> 'window_s')::int);
  customer uuid;
  oldest timestamptz;
BEGIN
  -- One start at a time for each tenant: two that count together could both pass a limit.
  PERFORM pg_advisory_xact_lock(7003, current_tenant());
  SELECT min(created_at) INTO oldest FROM auth_challenges
   WHERE tenant_id = current_tenant() AND claim = claim_index AND created_at > since HAVING count(*) >= (limits ->> 'per_claim')::int;
  IF oldest IS NULL THEN
    SELECT min(created_at) INTO oldest FROM auth_challenges
     WHERE tenant_id = current_tenant() AND address = from_address AND created_at > since HAVING count(*) >= (limits ->> 'per_address')::int;
  END IF;
  IF oldest IS NOT NULL THEN
    outcome := 'limited';
    retry_after_s := greatest(1, ceil(extract(epoch FROM oldest - since)));
    PERFORM audit('caller', 'auth.limited', 'session', session::text);
    RETURN;
  END IF;
  customer := claimed_customer(claim_kind, claimed, phones);
  SELECT u.id, u.phone_ct, k.key_id, k.wrapped INTO send_to, phone_ct, key_id, wrapped
    FROM user_profiles u JOIN person_keys k ON k.profile_id = u.id WHERE u.id = customer AND u.phone_ct IS NOT NULL
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > since) < (limits ->> 'per_profile')::int
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > clock_timestamp() - interval '1 day') < (limits ->> 'per_profile_day')::int;
  outcome := 'started';
  INSERT INTO auth_challenges (session_id, claim, address, profile_id, sent, salt, code_hash, max_attempts, expires_at)
  VALUES (session, claim_index, from_address, customer, send_to IS NOT NULL, code_salt, hash, (limits ->> 'max_attempts')::int,
          clock_timestamp() + make_interval(secs => (limits ->> 'expires_s')::int))
  RETURNING challenge_id INTO challenge;
  PERFORM audit('caller', 'auth.started', 'session', session::text,
    jsonb_build_object('challenge', challenge, 'profile', customer, 'sent', send_to IS NOT NULL));
END $$;

-- The three functions of an attempt, as before with an index for the address.
DROP FUNCTION take_attempt(uuid, text);
DROP FUNCTION log_attempt(uuid, uuid, text, text);
DROP FUNCTION spend_challenge(uuid, uuid, text);
CREATE FUNCTION log_attempt(challenge uuid, session uuid, from_address bytea, outcome text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_attempts (challenge_id, session_id, address, outcome) VALUES (challenge, session, from_address, outcome);
  PERFORM audit('caller', 'auth.' || outcome, 'session', session::text, jsonb_build_object('challenge', challenge));
END $$;

CREATE FUNCTION take_attempt(session uuid, from_address bytea,
  OUT outcome text, OUT challenge uuid, OUT code_salt bytea, OUT hash bytea, OUT attempts_left int) LANGUAGE plpgsql AS $$
DECLARE
  c auth_challenges;
BEGIN
  SELECT * INTO c FROM auth_challenges WHERE session_id = session ORDER BY created_at DESC LIMIT 1 FOR UPDATE;
  challenge := c.challenge_id;
  outcome := CASE WHEN c.challenge_id IS NULL THEN 'none'
                  WHEN c.consumed_at IS NOT NULL THEN 'used'
                  WHEN c.expires_at <= clock_timestamp() THEN 'expired'
                  WHEN c.attempts >= c.max_attempts THEN 'exhausted'
                  ELSE 'open' END;
  IF outcome = 'open' THEN
    UPDATE auth_challenges SET attempts = attempts + 1 WHERE challenge_id = c.challenge_id;
    code_salt := c.salt;
    hash := c.code_hash;
    attempts_left := c.max_attempts - c.attempts - 1;
  ELSE
    PERFORM log_attempt(challenge, session, from_address, outcome);
  END IF;
END $$;

CREATE FUNCTION spend_challenge(challenge uuid, session uuid, from_address bytea) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
BEGIN
  UPDATE auth_challenges SET consumed_at = clock_timestamp()
   WHERE challenge_id = challenge AND consumed_at IS NULL AND sent RETURNING live_profile(profile_id) INTO customer;
  PERFORM log_attempt(challenge, session, from_address, CASE WHEN customer IS NULL THEN 'wrong' ELSE 'verified' END);
  RETURN customer;
END $$;

-- What belongs to an erased session is not stored, whoever writes it.
CREATE FUNCTION drop_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE erased_sessions SET dropped = dropped + 1 WHERE session_id = NEW.session_id;
  RETURN CASE WHEN FOUND THEN NULL ELSE NEW END;
END $$;
CREATE TRIGGER a_erased BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON lead_event_rows FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON callbacks FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON summary_tokens FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON auth_challenges FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- Messages come in batches: the writer leaves out what was erased, and is told to look again if
-- the erasure came between its look and its lock.
CREATE FUNCTION refuse_erased_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM added JOIN erased_sessions USING (session_id)) THEN
    RAISE EXCEPTION 'a message of an erased session' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER d_erased AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION refuse_erased_messages();

-- As before, but erasing may overwrite: see erase_profile.
CREATE OR REPLACE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'conversation_messages' AND current_setting('app.erasing', true) = 'on' THEN RETURN NULL; END IF;
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;

-- erase_profile(any profile of a tree): 'erased', 'already_erased' or 'not_found', and how much.
-- Erases the live profile, all that were merged into it, and everything of their sessions.
CREATE FUNCTION erase_profile(profile uuid, actor text,
  OUT outcome text, OUT profiles int, OUT sessions int, OUT messages bigint, OUT summaries int, OUT identifiers int) LANGUAGE plpgsql AS $$
DECLARE
  root uuid;
  tree uuid[];
  calls uuid[];
BEGIN
  PERFORM identity_lock(true);
  root := live_profile(profile);
  PERFORM 1 FROM user_profiles u WHERE u.id = root OR u.merged_into_profile_id = root ORDER BY u.id FOR UPDATE;
  SELECT array_agg(u.id) INTO tree FROM user_profiles u WHERE u.id = root OR u.merged_into_profile_id = root;
  outcome := CASE WHEN tree IS NULL THEN 'not_found'
                  WHEN EXISTS (SELECT FROM user_profiles u WHERE u.id = root AND u.erased_at IS NOT NULL) THEN 'already_erased'
                  ELSE 'erased' END;
  IF outcome <> 'erased' THEN RETURN; END IF;
  PERFORM 1 FROM session_rows s WHERE s.home_profile_id = ANY (tree) ORDER BY s.session_id FOR NO KEY UPDATE;
  SELECT count(*), coalesce(sum(s.message_count), 0), coalesce(array_agg(s.session_id), '{}') INTO sessions, messages, calls
    FROM session_rows s WHERE s.home_profile_id = ANY (tree);
  profiles := cardinality(tree);

  SELECT count(*) INTO summaries FROM summary_rows c WHERE c.session_id = ANY (calls);
  -- Nobody owes a summary of what cannot be read.
  INSERT INTO summary_rows (session_id, summary, sentiment, resolution_status, message_count, duration_seconds, method)
    SELECT s.session_id, '', 'neutral', 'incomplete', s.message_count, 0, 'erased' FROM session_rows s WHERE s.session_id = ANY (calls)
  ON CONFLICT (session_id) DO NOTHING;
  INSERT INTO erased_sessions (session_id) SELECT unnest(calls) ON CONFLICT (session_id) DO NOTHING;
  INSERT INTO erased_identifiers AS e (bidx)
    SELECT i.bidx FROM profile_identifiers i WHERE i.bidx IS NOT NULL AND (i.profile_id = ANY (tree) OR i.origin_profile_id = ANY (tree))
    UNION SELECT s.caller_bidx FROM session_rows s WHERE s.session_id = ANY (calls) AND s.caller_bidx IS NOT NULL
    UNION SELECT v.bidx FROM user_profiles u, unnest(ARRAY[u.phone_bidx, u.email_bidx]) v(bidx) WHERE u.id = ANY (tree) AND v.bidx IS NOT NULL
  ON CONFLICT (tenant_id, bidx) DO UPDATE SET erased_at = excluded.erased_at;

  DELETE FROM session_keys k WHERE k.session_id = ANY (calls) OR k.profile_id = ANY (tree);
  DELETE FROM person_keys k WHERE k.profile_id = ANY (tree);
  UPDATE summary_rows c SET summary = '', extracted_info = '{}', topics = '{}', source_last_seq = s.last_seq
    FROM session_rows s WHERE s.session_id = c.session_id AND c.session_id = ANY (calls);
  PERFORM erase_traces(tree, calls);
  DELETE FROM profile_identifiers i WHERE i.profile_id = ANY (tree) OR i.origin_profile_id = ANY (tree);
  GET DIAGNOSTICS identifiers = ROW_COUNT;
  UPDATE user_profiles u SET hint_profile_id = NULL WHERE u.hint_profile_id = ANY (tree);
  UPDATE user_profiles u SET erased_at = clock_timestamp(), anonymous_id = NULL, username = NULL, name_ct = NULL, phone_ct = NULL, phone_bidx = NULL,
         email_ct = NULL, email_bidx = NULL, profile_metadata = '{}', metadata_provenance = '{}', consent = '{}', hint_profile_id = NULL,
         updated_at = now(), version = u.version + 1
   WHERE u.id = ANY (tree);
  PERFORM audit(actor, 'profile.erase', 'profile', root::text, jsonb_build_object(
    'profiles', profiles, 'sessions', sessions, 'messages', messages, 'summaries', summaries, 'identifiers', identifiers));
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
CREATE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM lead_event_rows e WHERE e.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased') WHERE c.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  DELETE FROM unsealed v WHERE v.id = ANY (tree || calls) OR v.id IN (SELECT c.callback_id FROM callbacks c WHERE c.session_id = ANY (calls));
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
  -- Messages of before there were keys. Those with a hash are sealed and stay as they are.
  PERFORM set_config('app.erasing', 'on', true);
  UPDATE conversation_messages m SET content = NULL, meta = '{}' WHERE m.session_id = ANY (calls) AND m.row_hash IS NULL;
  PERFORM set_config('app.erasing', '', true);
END $$;

-- An erased profile stays where it is: 'refused_erased'.
ALTER FUNCTION unmerge_profile(uuid, text, text) RENAME TO unmerge_living_profile;
CREATE FUNCTION unmerge_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(true);
  IF EXISTS (SELECT FROM user_profiles u WHERE u.id = source AND u.erased_at IS NOT NULL) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'refused_erased'));
    RETURN 'refused_erased';
  END IF;
  RETURN unmerge_living_profile(source, by_actor, why);
END $$;

REVOKE EXECUTE ON FUNCTION erase_profile(uuid, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION erase_traces(uuid[], uuid[]) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION unmerge_profile(uuid, text, text) FROM PUBLIC;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (15, 'personal_data_sealed_and_erased', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '16648872930414319356');
\else
\echo already migrated: 15 personal_data_sealed_and_erased
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 16) AS pending \gset
\if :pending
\echo applying 16 owed_summaries_counted

-- owe_missing_summaries said 0 however many it asked for: what returns nothing counts as nothing.

CREATE OR REPLACE FUNCTION owe_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  missing uuid[];
BEGIN
  SELECT coalesce(array_agg(s.session_id ORDER BY s.session_id), '{}') INTO missing
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.done_at IS NULL AND o.parked_at IS NULL);
  PERFORM owe_summary(session) FROM unnest(missing) session;
  RETURN cardinality(missing);
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (16, 'owed_summaries_counted', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '15813975663343778568');
\else
\echo already migrated: 16 owed_summaries_counted
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 17) AS pending \gset
\if :pending
\echo applying 17 roles

-- Who may do what. The program connects as a member of these roles, not as the owner:
--
--   app_reader      reads                                  app_writer      a worker: reads, records calls
--   supervisor      a page for listening in: reads calls, keeps callbacks
--   auditor         reads who did what; no words, no names, no keys
--   identity_admin  an administrator's commands: merge, unmerge, import, erase, rotate
--
--   * Policies hold for all of them; none may pass row-level security.
--   * What needs more than its caller may do (a merge when a caller proved who they are, an
--     erasure) runs as the owner, under the same policies, and only what is listed here may be
--     executed: nothing is left to PUBLIC.
--   * Creating roles takes a right that the migrating role may lack. Then a notice says what a
--     superuser should run. grant_roles() may be run again at any time; `teller migrate` does.

DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['app_reader', 'app_writer', 'supervisor', 'auditor', 'identity_admin'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = r);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', r);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'a superuser should run: CREATE ROLE % NOLOGIN; then the owner: SELECT grant_roles()', r;
    WHEN duplicate_object THEN NULL;  -- another database of this server was faster
    END;
  END LOOP;
END $$;

-- Functions that change who is who: never for a worker as itself.
CREATE FUNCTION is_identity_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('merge_profiles', 'unmerge_profile', 'unmerge_living_profile', 'erase_profile', 'erase_traces', 'import_traits',
                  'return_traits', 'restore_seen_times', 'record_merge_attempt', 'refile', 'check_counts', 'ensure_customer', 'set_contact',
                  'guard_partition', 'make_owner_view', 'grant_roles')
$$;

ALTER FUNCTION merge_profiles(uuid, uuid, text, text, boolean, uuid) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION unmerge_profile(uuid, text, text) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION erase_profile(uuid, text) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION ensure_customer(uuid, int, bytea, text, bytea, bytea, bytea, bytea, bytea, text, boolean) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION set_contact(uuid, bytea, bytea, bytea, bytea, bytea) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION authenticate_session(uuid, uuid, int, text) SECURITY DEFINER SET search_path FROM CURRENT;

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
  schema text := current_schema();
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = schema::regnamespace AND pg_has_role(p.proowner, 'USAGE')
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    FOR g IN SELECT r.name AS role FROM (VALUES ('app_writer', NOT is_identity_function(f.name)), ('app_reader', NOT is_identity_function(f.name)),
                ('supervisor', NOT is_identity_function(f.name)),
                ('identity_admin', NOT is_identity_function(f.name) OR f.name IN ('merge_profiles', 'unmerge_profile', 'erase_profile', 'ensure_customer', 'set_contact')),
                ('auditor', f.name IN ('current_tenant', 'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file'))) r(name, allowed)
              WHERE r.allowed AND EXISTS (SELECT FROM pg_roles WHERE rolname = r.name) LOOP
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f.signature, g.role);
    END LOOP;
  END LOOP;
  FOR g IN
    SELECT t.name AS tab, w.rights, role FROM (VALUES
      -- What a worker records; it deletes only what runs out by itself.
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives',
       'SELECT, INSERT, UPDATE', 'app_writer'),
      ('conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, audit_log', 'SELECT, INSERT', 'app_writer'),
      ('room_locks, summary_tokens, workers, outbox, profile_drains', 'UPDATE, DELETE', 'app_writer'),
      ('profile_merges, profile_drains, erased_identifiers, blocked_identifiers, unsealed, knowledge_packs, rag_documents, personas, agent_instructions, system_config, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'app_writer'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, personas, agent_instructions, system_config, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'app_reader'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives',
       'SELECT', 'supervisor'),
      ('callbacks', 'UPDATE', 'supervisor'),
      ('audit_log', 'SELECT, INSERT', 'supervisor'),
      ('audit_log, profile_merges, erased_sessions, erased_identifiers, message_archives, key_files', 'SELECT', 'auditor'),
      ('audit_log', 'INSERT', 'auditor'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, lead_event_rows, lead_events, session_keys, profile_merges, profile_drains, outbox, erased_sessions, erased_identifiers, message_archives, auth_challenges, auth_attempts, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'identity_admin'),
      ('user_profiles', 'UPDATE', 'identity_admin'),
      ('person_keys, key_files, system_config, blocked_identifiers, knowledge_packs, rag_documents, personas, agent_instructions, unsealed, audit_log', 'SELECT, INSERT', 'identity_admin'),
      ('person_keys, system_config, knowledge_packs, rag_documents, personas, agent_instructions, blocked_identifiers', 'UPDATE', 'identity_admin'),
      ('blocked_identifiers, rag_documents, unsealed', 'DELETE', 'identity_admin')
    ) w(tables, rights, role), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
    WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = w.role)
  LOOP
    EXECUTE format('GRANT %s ON %I TO %I', g.rights, g.tab, g.role);
  END LOOP;
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (17, 'roles', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '16020635656633683808');
\else
\echo already migrated: 17 roles
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 18) AS pending \gset
\if :pending
\echo applying 18 what_was_left_readable

-- What an erasure left, and what an older schema left readable.
--
--   * Why somebody merged or unmerged may name a person. The audit, which cannot forget, keeps
--     that a reason was given; the reason is on the merge's row and goes with the person. Audit
--     rows of before keep theirs: changing one would break the chain.
--   * A tombstone of a device or a number was its blind index. It is a digest of it now: enough to
--     turn away what comes late, and no index of an erased person is in any table.
--   * Words of before there were keys can be sealed (`teller migrate` does). They were chained by
--     nobody when they were said, so they have no hash and stay unproven: sealed, not proven.
--   * Roles that only read may run only what reads.

CREATE FUNCTION erased_mark(bidx bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT sha256('erased identifier'::bytea || bidx) $$;
ALTER TABLE erased_identifiers RENAME COLUMN bidx TO mark;
ALTER TABLE erased_identifiers NO FORCE ROW LEVEL SECURITY;
UPDATE erased_identifiers SET mark = erased_mark(mark);
ALTER TABLE erased_identifiers FORCE ROW LEVEL SECURITY;

-- As before, by mark.
CREATE OR REPLACE FUNCTION turn_away_erased(session uuid, indexes bytea[], began timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM erased_sessions e WHERE e.session_id = session)
     OR (NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = session)
         AND EXISTS (SELECT FROM erased_identifiers e WHERE e.tenant_id = current_tenant() AND e.mark = ANY (SELECT erased_mark(i) FROM unnest(indexes) i) AND e.erased_at > began)) THEN
    INSERT INTO erased_sessions AS e (session_id, dropped) VALUES (session, 1)
    ON CONFLICT (session_id) DO UPDATE SET dropped = e.dropped + 1;
    RETURN true;
  END IF;
  RETURN false;
END $$;

ALTER TABLE profile_merges ADD COLUMN reverted_reason text;

-- As before, without the reason's words in the audit.
CREATE OR REPLACE FUNCTION record_merge_attempt(outcome text, requested_source uuid, requested_target uuid, source user_profiles,
  target user_profiles, actor text, reason text, session uuid) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  IF outcome <> 'already_merged' THEN  -- repeating a merge changes nothing; the audit row alone says it was asked
    INSERT INTO profile_merges (source_id, target_id, requested_source, requested_target, outcome, reason, actor, session_id, source_before, target_before)
    VALUES (source.id, target.id, requested_source, requested_target, outcome, reason, actor, session,
            profile_image(source), profile_image(target)) RETURNING merge_id INTO number;
  END IF;
  PERFORM audit(actor, 'profile.merge', 'profile', requested_source::text, jsonb_build_object(
    'outcome', outcome, 'target', requested_target, 'resolved_source', source.id, 'resolved_target', target.id,
    'reason_given', reason IS NOT NULL, 'session', session, 'merge', number));
  RETURN number;
END $$;

CREATE OR REPLACE FUNCTION unmerge_living_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  m profile_merges;
  root uuid;
  sessions int;
  messages bigint;
  subtree uuid[];
  above uuid[];
BEGIN
  PERFORM identity_lock(true);
  SELECT * INTO m FROM profile_merges WHERE source_id = source AND outcome = 'merged' AND reverted_at IS NULL;
  IF NOT FOUND THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'not_merged', 'reason_given', why IS NOT NULL));
    RETURN 'not_merged';
  END IF;
  root := live_profile(source);
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT source UNION SELECT id FROM merged_ancestors(source)) ORDER BY id FOR UPDATE;
  IF EXISTS (SELECT FROM user_profiles u JOIN user_profiles s ON lower(u.username) = lower(s.username) AND u.tenant_id = s.tenant_id
              WHERE s.id = source AND u.id <> source AND u.merged_into_profile_id IS NULL) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object('outcome', 'refused_name_taken', 'reason_given', why IS NOT NULL));
    RETURN 'refused_name_taken';
  END IF;
  SELECT array_agg(id) INTO subtree FROM merged_subtree(source);
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (subtree);
  UPDATE profile_identifiers SET profile_id = source WHERE profile_id = root AND origin_profile_id = ANY (subtree);
  SELECT array_agg(id) INTO above FROM merged_ancestors(source);
  PERFORM return_traits(m, holder) FROM unnest(above) holder;

  UPDATE user_profiles SET total_sessions = total_sessions - sessions, total_messages = total_messages - messages,
         updated_at = now(), version = version + 1 WHERE id = root;
  -- The device may have a fresh profile by now, which keeps the id; the old one keeps a trace of it.
  UPDATE user_profiles s SET anonymous_id = left(s.anonymous_id, 200) || '#' || s.id
   WHERE s.id = source AND s.profile_type = 'anonymous' AND EXISTS (
     SELECT FROM user_profiles u WHERE u.tenant_id = s.tenant_id AND u.anonymous_id = s.anonymous_id
        AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL AND u.id <> s.id);
  UPDATE user_profiles SET merged_into_profile_id = NULL, merged_at = NULL, total_sessions = sessions, total_messages = messages,
         updated_at = now(), version = version + 1 WHERE id = source;
  UPDATE user_profiles SET merged_into_profile_id = source WHERE id = ANY (subtree) AND id <> source;
  PERFORM refile(subtree, source, sessions);
  UPDATE profile_merges SET reverted_at = clock_timestamp(), reverted_by = by_actor, reverted_reason = why WHERE merge_id = m.merge_id;
  PERFORM restore_seen_times(holder) FROM unnest(above) holder;
  PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
    'outcome', 'unmerged', 'from', root, 'merge', m.merge_id, 'sessions', sessions, 'messages', messages, 'reason_given', why IS NOT NULL));
  RETURN 'unmerged';
END $$;

-- As before, with marks for tombstones.
CREATE OR REPLACE FUNCTION erase_profile(profile uuid, actor text,
  OUT outcome text, OUT profiles int, OUT sessions int, OUT messages bigint, OUT summaries int, OUT identifiers int) LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  root uuid;
  tree uuid[];
  calls uuid[];
BEGIN
  PERFORM identity_lock(true);
  root := live_profile(profile);
  PERFORM 1 FROM user_profiles u WHERE u.id = root OR u.merged_into_profile_id = root ORDER BY u.id FOR UPDATE;
  SELECT array_agg(u.id) INTO tree FROM user_profiles u WHERE u.id = root OR u.merged_into_profile_id = root;
  outcome := CASE WHEN tree IS NULL THEN 'not_found'
                  WHEN EXISTS (SELECT FROM user_profiles u WHERE u.id = root AND u.erased_at IS NOT NULL) THEN 'already_erased'
                  ELSE 'erased' END;
  IF outcome <> 'erased' THEN RETURN; END IF;
  PERFORM 1 FROM session_rows s WHERE s.home_profile_id = ANY (tree) ORDER BY s.session_id FOR NO KEY UPDATE;
  SELECT count(*), coalesce(sum(s.message_count), 0), coalesce(array_agg(s.session_id), '{}') INTO sessions, messages, calls
    FROM session_rows s WHERE s.home_profile_id = ANY (tree);
  profiles := cardinality(tree);

  SELECT count(*) INTO summaries FROM summary_rows c WHERE c.session_id = ANY (calls);
  -- Nobody owes a summary of what cannot be read.
  INSERT INTO summary_rows (session_id, summary, sentiment, resolution_status, message_count, duration_seconds, method)
    SELECT s.session_id, '', 'neutral', 'incomplete', s.message_count, 0, 'erased' FROM session_rows s WHERE s.session_id = ANY (calls)
  ON CONFLICT (session_id) DO NOTHING;
  INSERT INTO erased_sessions (session_id) SELECT unnest(calls) ON CONFLICT (session_id) DO NOTHING;
  INSERT INTO erased_identifiers AS e (mark)
    SELECT erased_mark(k.bidx) FROM (SELECT i.bidx FROM profile_identifiers i WHERE i.bidx IS NOT NULL AND (i.profile_id = ANY (tree) OR i.origin_profile_id = ANY (tree))
    UNION SELECT s.caller_bidx FROM session_rows s WHERE s.session_id = ANY (calls) AND s.caller_bidx IS NOT NULL
    UNION SELECT v.bidx FROM user_profiles u, unnest(ARRAY[u.phone_bidx, u.email_bidx]) v(bidx) WHERE u.id = ANY (tree) AND v.bidx IS NOT NULL) k
  ON CONFLICT (tenant_id, mark) DO UPDATE SET erased_at = excluded.erased_at;

  DELETE FROM session_keys k WHERE k.session_id = ANY (calls) OR k.profile_id = ANY (tree);
  DELETE FROM person_keys k WHERE k.profile_id = ANY (tree);
  UPDATE summary_rows c SET summary = '', extracted_info = '{}', topics = '{}', source_last_seq = s.last_seq
    FROM session_rows s WHERE s.session_id = c.session_id AND c.session_id = ANY (calls);
  PERFORM erase_traces(tree, calls);
  DELETE FROM profile_identifiers i WHERE i.profile_id = ANY (tree) OR i.origin_profile_id = ANY (tree);
  GET DIAGNOSTICS identifiers = ROW_COUNT;
  UPDATE user_profiles u SET hint_profile_id = NULL WHERE u.hint_profile_id = ANY (tree);
  UPDATE user_profiles u SET erased_at = clock_timestamp(), anonymous_id = NULL, username = NULL, name_ct = NULL, phone_ct = NULL, phone_bidx = NULL,
         email_ct = NULL, email_bidx = NULL, profile_metadata = '{}', metadata_provenance = '{}', consent = '{}', hint_profile_id = NULL,
         updated_at = now(), version = u.version + 1
   WHERE u.id = ANY (tree);
  PERFORM audit(actor, 'profile.erase', 'profile', root::text, jsonb_build_object(
    'profiles', profiles, 'sessions', sessions, 'messages', messages, 'summaries', summaries, 'identifiers', identifiers));
END $$;

-- As before, and: why a merge was undone, and words of before that were sealed since.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM lead_event_rows e WHERE e.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased') WHERE c.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  DELETE FROM unsealed v WHERE v.id = ANY (tree || calls) OR v.id IN (SELECT c.callback_id FROM callbacks c WHERE c.session_id = ANY (calls));
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
  -- Messages of before there were keys. Those with a hash are sealed and stay as they are.
  PERFORM set_config('app.erasing', 'on', true);
  UPDATE conversation_messages m SET content = NULL, content_ct = NULL, meta = '{}' WHERE m.session_id = ANY (calls) AND m.row_hash IS NULL;
  PERFORM set_config('app.erasing', '', true);
END $$;

-- Rows of before: sealed, without a hash. Partitions have the constraint as their own, too.
DO $$
DECLARE
  part regclass;
BEGIN
  ALTER TABLE conversation_messages DROP CONSTRAINT hashed_means_encrypted;
  FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'conversation_messages'::regclass LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT IF EXISTS hashed_means_encrypted', part);
  END LOOP;
END $$;
ALTER TABLE conversation_messages ADD CONSTRAINT hashed_means_encrypted CHECK (row_hash IS NULL OR content_ct IS NOT NULL);
-- Empty once everything is sealed: finding nothing costs nothing.
CREATE INDEX conversation_messages_readable ON conversation_messages (session_id, seq) WHERE content IS NOT NULL;

-- Puts sealed words in the place of readable ones; how many. Only of rows that have no hash.
CREATE FUNCTION seal_old_messages(session uuid, seqs int[], sealed bytea[]) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  changed int;
BEGIN
  PERFORM identity_lock(false);
  PERFORM set_config('app.erasing', 'on', true);
  UPDATE conversation_messages m SET content = NULL, content_ct = n.words
    FROM unnest(seqs, sealed) AS n(seq, words)
   WHERE m.session_id = session AND m.seq = n.seq AND m.content IS NOT NULL AND m.row_hash IS NULL;
  GET DIAGNOSTICS changed = ROW_COUNT;
  PERFORM set_config('app.erasing', '', true);
  RETURN changed;
END $$;

-- Messages whose id names no month that has a partition. As the owner: nobody else reads a partition.
CREATE FUNCTION misplaced_messages() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT count(*) FROM conversation_messages_default $$;

CREATE OR REPLACE FUNCTION is_identity_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('merge_profiles', 'unmerge_profile', 'unmerge_living_profile', 'erase_profile', 'erase_traces', 'import_traits',
                  'return_traits', 'restore_seen_times', 'record_merge_attempt', 'refile', 'check_counts', 'ensure_customer', 'set_contact',
                  'guard_partition', 'make_owner_view', 'grant_roles', 'seal_old_messages')
$$;
-- What somebody who only reads may run.
CREATE FUNCTION is_reading_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('current_tenant', 'live_profile', 'sessions_of', 'is_archived', 'v7_floor', 'v7_time', 'misplaced_messages', 'retired_partitions',
                  'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file')
$$;

-- As before, and: readers run what reads, administrators do to rows what a worker does.
CREATE OR REPLACE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
  schema text := current_schema();
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = schema::regnamespace AND pg_has_role(p.proowner, 'USAGE')
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    FOR g IN SELECT r.name AS role, r.allowed FROM (VALUES
        ('app_writer', NOT is_identity_function(f.name)),
        ('identity_admin', NOT is_identity_function(f.name) OR f.name IN ('merge_profiles', 'unmerge_profile', 'erase_profile', 'ensure_customer', 'set_contact')),
        ('app_reader', is_reading_function(f.name)), ('supervisor', is_reading_function(f.name)),
        ('auditor', f.name IN ('current_tenant', 'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file'))) r(name, allowed)
              WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = r.name) LOOP
      EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %I', f.signature, g.role);
      CONTINUE WHEN NOT g.allowed;
      EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', f.signature, g.role);
    END LOOP;
  END LOOP;
  FOR g IN
    SELECT t.name AS tab, w.rights, role FROM (VALUES
      -- What a worker records; it deletes only what runs out by itself.
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives',
       'SELECT, INSERT, UPDATE', 'app_writer'),
      ('conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, audit_log', 'SELECT, INSERT', 'app_writer'),
      ('room_locks, summary_tokens, workers, outbox, profile_drains', 'UPDATE, DELETE', 'app_writer'),
      ('profile_merges, profile_drains, erased_identifiers, blocked_identifiers, unsealed, knowledge_packs, rag_documents, personas, agent_instructions, system_config, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'app_writer'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, personas, agent_instructions, system_config, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'app_reader'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, lead_event_rows, lead_events, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives',
       'SELECT', 'supervisor'),
      ('callbacks', 'UPDATE', 'supervisor'),
      ('audit_log', 'SELECT, INSERT', 'supervisor'),
      ('audit_log, profile_merges, erased_sessions, erased_identifiers, message_archives, key_files', 'SELECT', 'auditor'),
      ('audit_log', 'INSERT', 'auditor'),
      ('user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, lead_event_rows, lead_events, session_keys, profile_merges, profile_drains, outbox, erased_sessions, erased_identifiers, message_archives, auth_challenges, auth_attempts, counter_drift, session_drift, orphaned_messages',
       'SELECT', 'identity_admin'),
      ('user_profiles', 'UPDATE', 'identity_admin'),
      ('person_keys, key_files, system_config, blocked_identifiers, knowledge_packs, rag_documents, personas, agent_instructions, unsealed, audit_log', 'SELECT, INSERT', 'identity_admin'),
      ('person_keys, system_config, knowledge_packs, rag_documents, personas, agent_instructions, blocked_identifiers', 'UPDATE', 'identity_admin'),
      ('blocked_identifiers, rag_documents, unsealed', 'DELETE', 'identity_admin')
    ) w(tables, rights, role), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
    WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = w.role)
  LOOP
    EXECUTE format('GRANT %s ON %I TO %I', g.rights, g.tab, g.role);
    -- An administrator sweeps, summarises, archives and retries as a worker does.
    IF g.role = 'app_writer' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'identity_admin') THEN
      EXECUTE format('GRANT %s ON %I TO identity_admin', g.rights, g.tab);
    END IF;
  END LOOP;
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (18, 'what_was_left_readable', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '13828489255829874607');
\else
\echo already migrated: 18 what_was_left_readable
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 19) AS pending \gset
\if :pending
\echo applying 19 unmerge_as_confirmed

-- An administrator is shown what will come apart and confirms that. Between the two somebody else
-- may have undone that merge and made another one. So the confirmation names the merge, and under
-- the identity lock it still has to be the one that holds the profile: else 'refused_changed'.
--
-- The name is unmerge_profile's, so that the rights of the roles are the same for both.

CREATE FUNCTION unmerge_profile(source uuid, confirmed bigint, by_actor text, why text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM identity_lock(true);
  IF EXISTS (SELECT FROM profile_merges m WHERE m.source_id = source AND m.outcome = 'merged' AND m.reverted_at IS NULL AND m.merge_id <> confirmed) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
      'outcome', 'refused_changed', 'confirmed', confirmed, 'reason_given', why IS NOT NULL));
    RETURN 'refused_changed';
  END IF;
  RETURN unmerge_profile(source, by_actor, why);
END $$;
REVOKE EXECUTE ON FUNCTION unmerge_profile(uuid, bigint, text, text) FROM PUBLIC;
SELECT grant_roles();

-- A person's history is asked for by any of the profiles that an attempt named.
CREATE INDEX profile_merges_source ON profile_merges (source_id);
CREATE INDEX profile_merges_requested_source ON profile_merges (requested_source);
CREATE INDEX profile_merges_requested_target ON profile_merges (requested_target);

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (19, 'unmerge_as_confirmed', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '620193972755948566');
\else
\echo already migrated: 19 unmerge_as_confirmed
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 20) AS pending \gset
\if :pending
\echo applying 20 plans_kept

-- What callers wait for is planned once for each connection, not at each call. PostgreSQL plans the
-- body of a function in SQL anew whenever a statement calls it (unless it can put the body in
-- place of the call): of a merge's 2 ms on a quiet machine more than half was that, of an
-- unmerge's 5 ms two thirds. The same bodies in PL/pgSQL keep their plans.
--
-- One thing more: claiming what is owed at the end of a call does not wait for the server's disk.

CREATE OR REPLACE FUNCTION audit(actor text, action text, subject_type text, subject_id text, detail jsonb DEFAULT '{}')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  INSERT INTO audit_log AS a (id, at, actor, action, subject_type, subject_id, detail, prev_hash, hash)
  VALUES (0, now(), audit.actor, audit.action, audit.subject_type, audit.subject_id, audit.detail, '\x', '\x') RETURNING a.id INTO number;
  RETURN number;
END $$;

CREATE OR REPLACE FUNCTION is_blocked_identifier(identifier_kind text, identifier text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
DECLARE
  bare text := lower(btrim(identifier, E' \t\r\n"''`'));
BEGIN
  RETURN identifier IS NULL OR length(identifier) > 255 OR bare = '' OR bare ~ '^[0-]*$' OR bare ~ '^anon_'
      OR bare IN ('-1', 'anon', 'anonymous', 'unknown', 'unidentified', 'unavailable', 'withheld', 'private', 'restricted',
                  'guest', 'user', 'visitor', 'caller', 'customer', 'id', 'distinct_id', 'device_id', 'identity', 'none',
                  'null', 'nil', 'undefined', 'nan', 'true', 'false', 'n/a', 'na', 'test', '[object object]')
      OR EXISTS (SELECT FROM blocked_identifiers b
                  WHERE b.tenant_id = current_tenant() AND b.kind IN ('*', identifier_kind)
                    AND bare ~* ('^(' || b.pattern || ')$'));
END $$;

CREATE OR REPLACE FUNCTION device_is_shared(device text, besides uuid DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT count(DISTINCT c.id) >= 5 FROM user_profiles u JOIN user_profiles c ON c.id = u.merged_into_profile_id
           WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
             AND u.merged_at > now() - interval '30 days' AND c.profile_type = 'authenticated' AND c.id IS DISTINCT FROM besides);
END $$;

CREATE OR REPLACE FUNCTION customer_hint(device text, caller bytea) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF caller IS NOT NULL THEN
    RETURN (SELECT min(u.id::text)::uuid FROM user_profiles u
             WHERE u.tenant_id = current_tenant() AND u.phone_bidx = caller AND u.profile_type = 'authenticated'
               AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL HAVING count(*) = 1);
  END IF;
  RETURN (SELECT (array_agg(u.merged_into_profile_id ORDER BY u.merged_at DESC))[1] FROM user_profiles u
           WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
          HAVING count(DISTINCT u.merged_into_profile_id) FILTER (WHERE u.merged_at > now() - interval '30 days') <= 5);
END $$;

CREATE OR REPLACE FUNCTION claimed_customer(claim_kind text, claimed text, phones bytea[]) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH found AS (
      SELECT u.id FROM user_profiles u
       WHERE claim_kind = 'username' AND lower(u.username) = lower(claimed)
         AND (phones IS NULL OR u.phone_bidx = ANY (phones))
         AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
      UNION SELECT i.profile_id FROM profile_identifiers i
       WHERE claim_kind = 'digits' AND i.kind = 'customer_no' AND i.verified AND i.value = claimed AND i.tenant_id = current_tenant()
      UNION SELECT u.id FROM user_profiles u
       WHERE claim_kind = 'digits' AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL AND u.phone_bidx = ANY (phones))
    SELECT min(u.id::text)::uuid FROM user_profiles u JOIN found USING (id)
     WHERE u.profile_type = 'authenticated' AND u.erased_at IS NULL HAVING count(*) = 1);
END $$;

CREATE OR REPLACE FUNCTION merge_traits(target jsonb, source jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
  -- Devices mostly have no traits.
  IF source = '{}' THEN RETURN target; END IF;
  RETURN target || coalesce((SELECT jsonb_object_agg(s.key,
      CASE WHEN target ? s.key
           THEN (target -> s.key) || coalesce((
                  SELECT jsonb_agg(e.item ORDER BY e.n)
                    FROM jsonb_array_elements(s.value) WITH ORDINALITY e(item, n)
                   WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(target -> s.key) t WHERE t = e.item)), '[]')
           ELSE s.value END)
      FILTER (WHERE NOT target ? s.key
                 OR (jsonb_typeof(target -> s.key) = 'array' AND jsonb_typeof(s.value) = 'array'))
    FROM jsonb_each(source) s), '{}');
END $$;

CREATE OR REPLACE FUNCTION restore_seen_times(profile uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  WITH tree AS MATERIALIZED (SELECT t.id FROM merged_subtree(profile) t)
  UPDATE user_profiles u
     SET first_seen_at = least(own.first_seen, others.first_seen),
         last_seen_at = greatest(own.last_seen, others.last_seen, sessions.last_seen)
    FROM (SELECT e.target_first_seen_at AS first_seen, e.target_last_seen_at AS last_seen
            FROM profile_merges e WHERE e.target_id = profile AND e.outcome = 'merged' ORDER BY e.merge_id LIMIT 1) own,
         (SELECT min(o.first_seen_at) AS first_seen, max(o.last_seen_at) AS last_seen
            FROM user_profiles o JOIN tree USING (id) WHERE o.id <> profile) others,
         LATERAL (SELECT max(greatest(s.started_at, m.created_at)) AS last_seen FROM session_rows s JOIN tree ON tree.id = s.home_profile_id
            LEFT JOIN conversation_messages m ON m.session_id = s.session_id AND m.seq = s.last_seq
           -- Nothing is said later than the last activity: most sessions need not be looked into.
           WHERE s.last_activity_at > greatest(own.last_seen, others.last_seen)) sessions
   WHERE u.id = profile;
END $$;

-- At the end of a call.
CREATE OR REPLACE FUNCTION owe_summary(session uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox AS o (topic, dedupe_key) VALUES ('summary', session::text)
  ON CONFLICT (tenant_id, topic, dedupe_key)
  DO UPDATE SET round = o.round + 1, attempts = 0, next_at = now(), done_at = NULL, parked_at = NULL, error = NULL;
END $$;

CREATE OR REPLACE FUNCTION claim_summaries(session uuid, at_most int, lease interval)
RETURNS TABLE (item bigint, of_session uuid, of_round int, attempt int) LANGUAGE plpgsql AS $$
BEGIN
  -- A claim that a crash of the server takes back is made again: nobody waits for its disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH due AS (
    SELECT o.id FROM outbox o
     WHERE o.tenant_id = current_tenant() AND o.topic = 'summary' AND o.done_at IS NULL AND o.parked_at IS NULL AND o.next_at <= now()
       AND (session IS NULL OR o.dedupe_key = session::text)
     ORDER BY o.next_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  UPDATE outbox o SET attempts = o.attempts + 1, next_at = now() + lease FROM due WHERE o.id = due.id
  RETURNING o.id, o.dedupe_key::uuid, o.round, o.attempts;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (20, 'plans_kept', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '12581031923479475060');
\else
\echo already migrated: 20 plans_kept
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 21) AS pending \gset
\if :pending
\echo applying 21 counting_in_place

-- Each message counts on its session and its profile. PostgreSQL can write the new version of such
-- a row beside the old one and leave all indexes alone (a HOT update), unless a column that some
-- index uses has changed. Three indexes used what every message changes, so each message wrote
-- sixteen index entries; measured with 200 calls at once, most of a batch's time went there.
--
--   * user_profiles_last_seen served no query.
--   * Open sessions are few: their index need not be in the order of their activity.
--   * Whether a session's last message is covered by an anchor is a column of its own, which
--     changes with the first message after an anchor and not with each.

DROP INDEX user_profiles_last_seen;

DROP INDEX agent_sessions_open;
CREATE INDEX session_rows_open ON session_rows (tenant_id, session_id) WHERE status = 'active';

DROP INDEX session_rows_unanchored;
ALTER TABLE session_rows ADD COLUMN unanchored boolean NOT NULL
  GENERATED ALWAYS AS (chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq) STORED;
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id) WHERE unanchored;

-- The view is not asked for it. A session inserted into the view is stored by the names of the
-- columns: one that is worked out cannot be given.
CREATE OR REPLACE FUNCTION insert_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  names text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names
    FROM pg_attribute WHERE attrelid = 'agent_sessions'::regclass AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('INSERT INTO session_rows (%1$s) SELECT %1$s FROM (SELECT ($1).*) new RETURNING %1$s', names) USING NEW INTO NEW;
  RETURN NEW;
END $$;

-- As before, in fewer steps: the new rows are looked at once, sessions and profiles are found by
-- their keys and not through the view, and a batch of one call (most are) takes no lock before
-- it updates, because one row has no order.
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids uuid[];
  counts bigint[];
  lasts int[];
  heads bytea[];
  times timestamptz[];
  late uuid[];
  owners uuid[];
BEGIN
  SELECT array_agg(c.id ORDER BY c.id), array_agg(c.messages ORDER BY c.id), array_agg(c.last_seq ORDER BY c.id),
         array_agg(c.head ORDER BY c.id), array_agg(c.latest ORDER BY c.id)
    INTO ids, counts, lasts, heads, times
    FROM (SELECT a.session_id AS id, count(*) AS messages, max(a.seq) AS last_seq, (array_agg(a.row_hash ORDER BY a.seq DESC))[1] AS head,
                 -- A message flushed late was still said when it was said.
                 least(max(a.created_at), now()) AS latest
            FROM added a GROUP BY 1) c;
  IF ids IS NULL THEN RETURN NULL; END IF;
  -- Turns whose session is not there yet: nobody counts them until count_sessions does.
  SELECT array_agg(id ORDER BY id) INTO late FROM unnest(ids) id WHERE NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = id);
  IF late IS NOT NULL THEN PERFORM session_gate(id) FROM unnest(late) id; END IF;
  IF EXISTS (SELECT FROM added m JOIN session_rows s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  IF cardinality(ids) > 1 THEN
    PERFORM 1 FROM session_rows s WHERE s.session_id = ANY (ids) ORDER BY s.session_id FOR NO KEY UPDATE;
  END IF;
  WITH counted AS (
    UPDATE session_rows s
       SET message_count = s.message_count + c.messages,
           last_seq = greatest(s.last_seq, c.last_seq),
           chain_head = CASE WHEN c.last_seq > coalesce(s.last_seq, -1) THEN c.head ELSE s.chain_head END,
           last_activity_at = greatest(s.last_activity_at, c.latest)
      FROM unnest(ids, counts, lasts, heads, times) c(id, messages, last_seq, head, latest)
     WHERE s.session_id = c.id RETURNING s.home_profile_id, c.messages, c.latest),
  owned AS (
    SELECT coalesce(h.merged_into_profile_id, h.id) AS id, sum(c.messages)::bigint AS messages, max(c.latest) AS latest
      FROM counted c JOIN user_profiles h ON h.id = c.home_profile_id GROUP BY 1)
  SELECT array_agg(o.id ORDER BY o.id), array_agg(o.messages ORDER BY o.id), array_agg(o.latest ORDER BY o.id) INTO owners, counts, times FROM owned o;
  IF cardinality(owners) > 1 THEN
    PERFORM 1 FROM user_profiles u WHERE u.id = ANY (owners) ORDER BY u.id FOR NO KEY UPDATE;
  END IF;
  UPDATE user_profiles u
     SET total_messages = u.total_messages + c.messages, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM unnest(owners, counts, times) c(id, messages, latest) WHERE u.id = c.id;
  RETURN NULL;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (21, 'counting_in_place', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '136748730879759761');
\else
\echo already migrated: 21 counting_in_place
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 22) AS pending \gset
\if :pending
\echo applying 22 warm_connections

-- The first merge on a new connection took four times as long as the next one: PostgreSQL reads its
-- catalogues and plans each statement then. warm_up() lets a connection do that before somebody
-- waits for it: a call that begins, speaks, proves who it is, ends and is claimed for its summary,
-- and all of it is taken back. For about 15 ms it holds the identity lock as that merge would.
--
-- Of this very tenant: plans made for one without rows would be the wrong ones.

CREATE FUNCTION warm_up() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
  call uuid := (substr(v7_floor(now())::text, 1, 14) || '7' || substr(gen_random_uuid()::text, 16))::uuid;
BEGIN
  -- First, because two that hold it shared could not both get it exclusively.
  PERFORM identity_lock(true);
  INSERT INTO user_profiles (profile_type, username) VALUES ('authenticated', 'warm-up-' || call) RETURNING id INTO customer;
  PERFORM start_session(call, 'warm-up', 'warm-up', 'warm-up-' || call, 'web', NULL, sha256(call::text::bytea), NULL, NULL, now());
  INSERT INTO conversation_messages (session_id, seq, role) VALUES (call, 0, 'user');
  PERFORM authenticate_session(call, customer, 2, 'warm-up');
  UPDATE agent_sessions SET status = 'ended', ended_at = now() WHERE session_id = call;
  PERFORM claim_summaries(call, 1, interval '1 minute');
  RAISE EXCEPTION 'taken back' USING ERRCODE = 'TWARM';
EXCEPTION WHEN SQLSTATE 'TWARM' THEN NULL;
END $$;
SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (22, 'warm_connections', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '5780732241184632786');
\else
\echo already migrated: 22 warm_connections
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 23) AS pending \gset
\if :pending
\echo applying 23 merges_as_long_as_each_other

-- A merge takes as long for ten sessions as for ten thousand, and draining holds up nobody.
--
--   * Up to 100 sessions were filed while the caller waited, at 40 microseconds each: a merge of 100
--     took 6.9 ms, one of 100,000 took 2. Now 5 are, which is what most callers have: filing those
--     in the background would cost more than it saves. Counting reads and writes nothing, so up to
--     100 are still counted before their numbers are carried on.
--   * A drain does not wait for the server's disk. What a crash takes back of it still waits to be
--     drained: the note and the rows are of one transaction.

CREATE OR REPLACE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;
CREATE FUNCTION sessions_counted_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

-- As before, counting more than it files.
CREATE OR REPLACE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
  reason text DEFAULT NULL, force boolean DEFAULT false, in_session uuid DEFAULT NULL) RETURNS text LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  source user_profiles;
  target user_profiles;
  outcome text;
  merge bigint;
  family uuid[];
BEGIN
  PERFORM identity_lock(true);
  PERFORM 1 FROM user_profiles WHERE id IN (live_profile(anonymous), live_profile(authenticated)) ORDER BY id FOR UPDATE;
  SELECT * INTO source FROM user_profiles WHERE id = live_profile(anonymous);
  SELECT * INTO target FROM user_profiles WHERE id = live_profile(authenticated);
  outcome := judge_merge(source, target, force);
  IF outcome = 'merged' AND source.profile_type = 'anonymous' AND NOT force AND device_is_shared(source.anonymous_id, target.id) THEN
    outcome := 'refused_shared_device';
  END IF;
  merge := record_merge_attempt(outcome, anonymous, authenticated, source, target, actor, reason, in_session);
  IF outcome <> 'merged' THEN RETURN outcome; END IF;

  -- Whoever pointed at the source points at the target: look-ups stay one step.
  SELECT array_agg(id) INTO family FROM user_profiles WHERE id = source.id OR merged_into_profile_id = source.id;
  IF source.total_sessions <= sessions_counted_at_once() THEN PERFORM check_counts(source, family); END IF;
  UPDATE user_profiles SET merged_into_profile_id = target.id WHERE merged_into_profile_id = source.id;
  UPDATE user_profiles SET merged_into_profile_id = target.id, merged_at = clock_timestamp(), updated_at = now(),
         total_sessions = 0, total_messages = 0, version = version + 1
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + source.total_sessions, total_messages = total_messages + source.total_messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now(), version = greatest(version, source.version) + 1
   WHERE id = target.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;
  PERFORM refile(family, target.id, source.total_sessions);
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = source.total_sessions, messages_moved = source.total_messages,
         target_first_seen_at = target.first_seen_at, target_last_seen_at = target.last_seen_at WHERE merge_id = merge;
  RETURN 'merged';
END $$;

-- As before, without waiting for the disk.
CREATE OR REPLACE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
DECLARE
  home profile_drains;
  owner uuid;
  looked_at uuid[];
  moved int;
BEGIN
  refiled := 0;
  PERFORM set_config('synchronous_commit', 'off', true);
  -- Pointers stand still meanwhile; callers and their turns go on.
  PERFORM identity_lock(false);
  FOR home IN SELECT d.* FROM profile_drains d WHERE d.tenant_id = current_tenant()
               ORDER BY d.since LIMIT at_most FOR UPDATE SKIP LOCKED LOOP
    owner := live_profile(home.profile_id);
    -- A row that a writer holds is passed over and found by the look at the end: nobody waits here.
    SELECT array_agg(o.session_id) INTO looked_at FROM (
      SELECT r.session_id FROM session_rows r
       WHERE r.home_profile_id = home.profile_id AND r.session_id > coalesce(home.done_to, '00000000-0000-0000-0000-000000000000') AND r.profile_id <> owner
       ORDER BY r.session_id LIMIT at_most - refiled FOR NO KEY UPDATE SKIP LOCKED) o;
    UPDATE session_rows r SET profile_id = owner WHERE r.session_id = ANY (looked_at);
    GET DIAGNOSTICS moved = ROW_COUNT;
    refiled := refiled + moved;
    IF refiled >= at_most THEN
      UPDATE profile_drains d SET done_to = looked_at[moved] WHERE d.profile_id = home.profile_id;
    ELSIF EXISTS (SELECT FROM session_rows r WHERE r.home_profile_id = home.profile_id AND r.profile_id <> owner) THEN
      UPDATE profile_drains d SET done_to = NULL WHERE d.profile_id = home.profile_id;
    ELSE
      DELETE FROM profile_drains d WHERE d.profile_id = home.profile_id;
    END IF;
    EXIT WHEN refiled >= at_most;
  END LOOP;
  SELECT count(*) INTO pending FROM profile_drains d WHERE d.tenant_id = current_tenant();
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (23, 'merges_as_long_as_each_other', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '7549477183431374489');
\else
\echo already migrated: 23 merges_as_long_as_each_other
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 24) AS pending \gset
\if :pending
\echo applying 24 stated_names_sealed

-- What a caller told of themselves is no more readable than the words they told it in.
--
--   * The name that a summary takes from a call was in conversation_summaries.extracted_info, and a
--     copy of it, stated_name, among the profile's traits, where a merge copied it again. It is
--     sealed with the session's key, beside that key: erasing the person deletes both. A profile's
--     name is the one stated last in its sessions; nothing has to be merged for that.
--   * Why a callback was asked for is sealed as its number is.
--   * SQL cannot seal what is there already: `teller migrate` does. The readable columns stay, so
--     that workers of the version before go on until they are replaced.

ALTER TABLE session_keys ADD COLUMN name_ct bytea;
ALTER TABLE callbacks ADD COLUMN reason_ct bytea;

-- Empty once everything is sealed: finding nothing costs nothing.
CREATE INDEX summary_rows_readable ON summary_rows (session_id) WHERE jsonb_typeof(extracted_info -> 'user_name') = 'string';

-- The name of a session's summary, or that it gives none. As the owner: a worker may add keys and
-- change none. Does nothing when the key was destroyed.
CREATE FUNCTION keep_stated_name(session uuid, sealed bytea) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session_keys k SET name_ct = sealed WHERE k.session_id = session AND (k.name_ct IS NOT NULL OR sealed IS NOT NULL);
END $$;
REVOKE EXECUTE ON FUNCTION keep_stated_name(uuid, bytea) FROM PUBLIC;

-- As before, and: why a callback was asked for, sealed.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM lead_event_rows e WHERE e.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason = NULL, reason_ct = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  DELETE FROM unsealed v WHERE v.id = ANY (tree || calls) OR v.id IN (SELECT c.callback_id FROM callbacks c WHERE c.session_id = ANY (calls));
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
  -- Messages of before there were keys. Those with a hash are sealed and stay as they are.
  PERFORM set_config('app.erasing', 'on', true);
  UPDATE conversation_messages m SET content = NULL, content_ct = NULL, meta = '{}' WHERE m.session_id = ANY (calls) AND m.row_hash IS NULL;
  PERFORM set_config('app.erasing', '', true);
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (24, 'stated_names_sealed', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '8033348230455014486');
\else
\echo already migrated: 24 stated_names_sealed
\endif

COMMIT;
\echo the database is up to date
