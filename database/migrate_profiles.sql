-- All tables, triggers and functions, for psql:
--
--   psql -d voice_agent -f database/migrate_profiles.sql
--
-- Generated from migrations/; after adding a file there: UPDATE=1 cargo test -p database --test postgres migrations
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
\echo applying 1 tenants

-- Whose rows a connection sees.
--
-- Each row names its tenant, and the default comes from the setting app.tenant. A connection sees
-- the rows of its tenant alone, whatever the query says.

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

-- Keeps a table to the tenant of whoever asks. Every table with a tenant_id gets this when it is
-- made.
--
-- FORCE, because the role that migrates owns the tables and the application may connect as that
-- role; an owner is exempt otherwise. Superusers are always exempt: do not run the application as
-- one. The policy compares a column of the row itself, because a policy that looks the tenant up in
-- another table costs sixteen times as much. An unset tenant sees nothing.
CREATE FUNCTION isolate_tenant(tab text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
  EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', tab);
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (1, 'tenants', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '13176174543349884280');
\else
\echo already migrated: 1 tenants
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 2) AS pending \gset
\if :pending
\echo applying 2 audit

-- What was done to the record, by whom, in an order nobody can change unnoticed.
--
-- Each row's hash covers the row and the hash before it. Numbers are given under a lock, one
-- sequence per tenant, so that a missing row is a missing number. A chain cannot show
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
SELECT isolate_tenant('audit_log');
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

-- Appends a row and returns its number.
--
-- In PL/pgSQL, as every function here that a caller waits for: PostgreSQL plans the body of a
-- function in SQL anew at each call, unless it can put the body in place of the call; of a merge's
-- 2 ms that was more than half.
CREATE FUNCTION audit(actor text, action text, subject_type text, subject_id text, detail jsonb DEFAULT '{}')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  number bigint;
BEGIN
  INSERT INTO audit_log AS a (id, at, actor, action, subject_type, subject_id, detail, prev_hash, hash)
  VALUES (0, now(), audit.actor, audit.action, audit.subject_type, audit.subject_id, audit.detail, '\x', '\x') RETURNING a.id INTO number;
  RETURN number;
END $$;

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
-- and the chains would show it.
CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (2, 'audit', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '354526632530524616');
\else
\echo already migrated: 2 audit
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 3) AS pending \gset
\if :pending
\echo applying 3 profiles

-- Who people are, as far as we know.
--
-- What must hold for every writer, psql and a second service included: rows go to the live profile,
-- and total_sessions and total_messages are exact. Three files share that: this one, sessions and
-- merging.

CREATE TYPE profile_kind AS ENUM ('anonymous', 'authenticated');

-- A device, a single call, or a customer. A merged profile keeps its row and points at its live
-- profile, which is what makes an exact unmerge possible; its counters are zero by CHECK, so no
-- query can count it twice.
--
-- *_ct is what the program sealed with a key that is not here; *_bidx is a keyed hash of the
-- normalised value: equal values are equal, and nothing here turns one back.
CREATE TABLE user_profiles (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id              int NOT NULL DEFAULT current_tenant(),
  profile_type           profile_kind NOT NULL,
  anonymous_id           text CHECK (length(anonymous_id) BETWEEN 1 AND 255),
  username               text CHECK (length(username) BETWEEN 1 AND 255 AND username = btrim(username)),
  name_ct                bytea,
  phone_ct               bytea,
  phone_bidx             bytea CHECK (length(phone_bidx) = 32),
  email_ct               bytea,
  email_bidx             bytea CHECK (length(email_bidx) = 32),
  profile_metadata       jsonb NOT NULL DEFAULT '{}'
                         CHECK (jsonb_typeof(profile_metadata) = 'object' AND pg_column_size(profile_metadata) < 65536),
  -- For each key of profile_metadata: the profile, session and turn that it was learned from.
  metadata_provenance    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata_provenance) = 'object'),
  total_sessions         int NOT NULL DEFAULT 0 CHECK (total_sessions >= 0),
  total_messages         bigint NOT NULL DEFAULT 0 CHECK (total_messages >= 0),
  -- Who this probably is, by device or number. Never a key: see start_session.
  hint_profile_id        uuid REFERENCES user_profiles,
  merged_into_profile_id uuid REFERENCES user_profiles,
  merged_at              timestamptz,
  erased_at              timestamptz,
  first_seen_at          timestamptz NOT NULL DEFAULT now(),
  last_seen_at           timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT never_merged_into_itself CHECK (merged_into_profile_id IS DISTINCT FROM id),
  CONSTRAINT merged_means_dated CHECK ((merged_into_profile_id IS NULL) = (merged_at IS NULL)),
  CONSTRAINT merged_counts_nothing CHECK (merged_into_profile_id IS NULL OR (total_sessions = 0 AND total_messages = 0)),
  CONSTRAINT anonymous_has_an_id CHECK (profile_type <> 'anonymous' OR anonymous_id IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT authenticated_has_a_name CHECK (profile_type <> 'authenticated' OR username IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT phone_is_found_by_index CHECK ((phone_ct IS NULL) = (phone_bidx IS NULL)),
  CONSTRAINT email_is_found_by_index CHECK ((email_ct IS NULL) = (email_bidx IS NULL)),
  CONSTRAINT erased_means_empty CHECK (erased_at IS NULL OR (anonymous_id IS NULL AND username IS NULL AND name_ct IS NULL
    AND phone_ct IS NULL AND email_ct IS NULL AND hint_profile_id IS NULL
    AND profile_metadata = '{}' AND metadata_provenance = '{}'))
) WITH (fillfactor = 80);  -- counters change in place: no index may use a column that each message changes
SELECT isolate_tenant('user_profiles');
CREATE UNIQUE INDEX user_profiles_live_username ON user_profiles (tenant_id, lower(username))
  WHERE username IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE UNIQUE INDEX user_profiles_live_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE profile_type = 'anonymous' AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE merged_into_profile_id IS NOT NULL;
CREATE INDEX user_profiles_phone ON user_profiles (tenant_id, phone_bidx)
  WHERE phone_bidx IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_into ON user_profiles (merged_into_profile_id)
  WHERE merged_into_profile_id IS NOT NULL;

-- One identifier may have been seen with several profiles (a shared phone); a verified one
-- belongs to exactly one.
CREATE TABLE profile_identifiers (
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  kind              text NOT NULL CHECK (kind IN ('anonymous_id', 'participant', 'customer_no')),
  value             text NOT NULL CHECK (length(value) BETWEEN 1 AND 320),
  bidx              bytea CHECK (length(bidx) = 32),  -- of a device or participant, for the day it is erased
  profile_id        uuid NOT NULL REFERENCES user_profiles,
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,
  verified          boolean NOT NULL DEFAULT false,
  first_seen_at     timestamptz NOT NULL DEFAULT now(),
  last_seen_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, kind, value, origin_profile_id)
);
SELECT isolate_tenant('profile_identifiers');
CREATE UNIQUE INDEX profile_identifiers_verified ON profile_identifiers (tenant_id, kind, value) WHERE verified;
CREATE INDEX profile_identifiers_profile ON profile_identifiers (profile_id);
CREATE INDEX profile_identifiers_origin ON profile_identifiers (origin_profile_id);

-- Values that would make strangers share a profile, added to the list built into
-- is_blocked_identifier. The pattern is a regular expression for the whole value; a number can
-- only be here as its index, in hexadecimal digits.
CREATE TABLE blocked_identifiers (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  kind      text NOT NULL CHECK (kind IN ('*', 'anonymous_id', 'participant', 'phone', 'username')),
  pattern   text NOT NULL,
  PRIMARY KEY (tenant_id, kind, pattern),
  CONSTRAINT numbers_are_indexes CHECK (kind <> 'phone' OR pattern ~ '^[0-9a-f]{64}$')
);
SELECT isolate_tenant('blocked_identifiers');

-- The identity lock. Every writer of rows that depend on who is who takes it shared, in a
-- statement trigger; merging and unmerging take it exclusively. Writers are short and merges
-- rare, and PostgreSQL queues new shared requests behind a waiting exclusive one, so neither
-- starves. Inside it, rows are locked in one order: profiles, then sessions, by ascending id;
-- among holders of the shared form, sessions come first (only the message trigger locks both).
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
CREATE TRIGGER b_resolve BEFORE INSERT ON profile_identifiers FOR EACH ROW EXECUTE FUNCTION resolve_profile();

-- Values that identify nobody. Quoted forms count as the bare word.
CREATE FUNCTION is_blocked_identifier(identifier_kind text, identifier text) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
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

-- True if within 30 days five other customers proved themselves on this device: it is a kiosk or
-- a family's telephone, and says nothing about who is calling.
CREATE FUNCTION device_is_shared(device text, besides uuid DEFAULT NULL) RETURNS boolean LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (SELECT count(DISTINCT c.id) >= 5 FROM user_profiles u JOIN user_profiles c ON c.id = u.merged_into_profile_id
           WHERE u.tenant_id = current_tenant() AND u.anonymous_id = device AND u.merged_into_profile_id IS NOT NULL
             AND u.merged_at > now() - interval '30 days' AND c.profile_type = 'authenticated' AND c.id IS DISTINCT FROM besides);
END $$;

-- The one customer this device or number points at; none if it points at several. `caller`: index
-- of the number.
CREATE FUNCTION customer_hint(device text, caller bytea) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
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

-- The live anonymous profile of a device, made if there is none.
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
         updated_at = now()
   WHERE u.id = live_profile(profile) AND u.erased_at IS NULL
  RETURNING u.profile_metadata INTO result;
  RETURN result;
END $$;

-- Finds or creates a customer. A new one gets the candidate's id, key and sealed values; of a
-- known one the program seals anew, with the key it has, and calls set_contact.
CREATE FUNCTION ensure_customer(candidate uuid, candidate_key int, candidate_wrapped bytea, name text, sealed_name bytea,
  sealed_phone bytea, phone_index bytea, sealed_email bytea, email_index bytea, customer_no text, overwrite boolean,
  OUT profile uuid, OUT created boolean) LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
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
RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM identity_lock(false);
  UPDATE user_profiles u
     SET name_ct = coalesce(sealed_name, u.name_ct), phone_ct = coalesce(sealed_phone, u.phone_ct), phone_bidx = coalesce(phone_index, u.phone_bidx),
         email_ct = coalesce(sealed_email, u.email_ct), email_bidx = coalesce(email_index, u.email_bidx), updated_at = now()
   WHERE u.id = profile AND u.erased_at IS NULL;
  RETURN FOUND;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (3, 'profiles', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '217011428252538300');
\else
\echo already migrated: 3 profiles
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 4) AS pending \gset
\if :pending
\echo applying 4 sessions

-- Each call: where it stands, whom it belongs to, how much was said in it.
--
--   * A session keeps its home: the profile that was live when it began. Its owner is the live
--     profile of its home. Merging and unmerging change pointers; nothing has to be moved for them
--     to be true at once, for every reader.
--   * agent_sessions is a view that adds the owner. The rows are in session_rows, whose own
--     profile_id is a copy of the owner for the index that finds a profile's sessions.
--   * Who is calling is decided in one statement, so that a call whose database was away can be
--     recorded later and a repeated attempt changes nothing. A device or a number is a hint, not a
--     key: a value that many people share ("unknown", an empty id) makes a profile of its own; a
--     device whose profile was merged into a customer gets a fresh profile with that customer as a
--     hint, because attaching it would show the customer's history to whoever holds the phone; a
--     telephone call always gets a fresh profile, because its number is easily forged.

CREATE TABLE session_rows (
  session_id        uuid PRIMARY KEY,  -- a UUIDv7 minted by the agent: ordered by time
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  room_id           text NOT NULL,
  participant_id    text NOT NULL,
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,  -- the profile it began with; never changes
  home_profile_id   uuid NOT NULL REFERENCES user_profiles,  -- the one that was live then; never changes
  -- A copy of the owner, for the index that finds a profile's sessions. It may lag behind a merge:
  -- ask sessions_of, or the view.
  profile_id        uuid NOT NULL REFERENCES user_profiles,
  channel           text NOT NULL DEFAULT 'web' CHECK (channel IN ('web', 'phone')),
  caller_bidx       bytea CHECK (length(caller_bidx) = 32),  -- of the number that the network claims: a hint
  returning_caller  boolean NOT NULL DEFAULT false,
  auth_level        smallint NOT NULL DEFAULT 0 CHECK (auth_level BETWEEN 0 AND 3),
  authenticated_at  timestamptz,
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'abandoned')),
  end_reason        text,
  wants_summary     boolean NOT NULL DEFAULT true,  -- whoever ended it may want none; late turns bring none then
  worker_id         text,
  started_at        timestamptz NOT NULL DEFAULT now(),
  ended_at          timestamptz,
  last_activity_at  timestamptz NOT NULL DEFAULT now(),
  message_count     int NOT NULL DEFAULT 0 CHECK (message_count >= 0),
  last_seq          int,
  metrics           jsonb NOT NULL DEFAULT '{}',
  chain_head        bytea CHECK (length(chain_head) = 32),   -- the hash of the message with the highest seq
  anchored_seq      int,               -- how far a signed anchor outside the database covers the chain
  -- A column of its own, because it changes with the first message after an anchor and not with each.
  unanchored        boolean NOT NULL GENERATED ALWAYS AS (chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq) STORED,
  CONSTRAINT active_means_not_ended CHECK ((status = 'active') = (ended_at IS NULL)),
  CONSTRAINT ends_after_it_starts CHECK (ended_at >= started_at)
) WITH (fillfactor = 80);
SELECT isolate_tenant('session_rows');
CREATE INDEX session_rows_profile ON session_rows (profile_id, started_at DESC);
CREATE INDEX session_rows_home ON session_rows (home_profile_id, session_id);
CREATE INDEX session_rows_recent ON session_rows (tenant_id, started_at DESC, session_id DESC);
CREATE INDEX session_rows_caller ON session_rows (tenant_id, caller_bidx) WHERE caller_bidx IS NOT NULL;
-- Open sessions are few: their index need not be in the order of their activity.
CREATE INDEX session_rows_open ON session_rows (tenant_id, session_id) WHERE status = 'active';
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id) WHERE unanchored;

-- Who a session belongs to now. Takes UPDATE, DELETE and row locks as a table does. A condition on
-- profile_id reads every row: ask sessions_of. A later migration that adds a column to the table
-- replaces the view.
CREATE VIEW agent_sessions WITH (security_invoker = true) AS
  SELECT r.session_id, r.tenant_id, r.room_id, r.participant_id,
         (SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id) AS profile_id,
         r.origin_profile_id, r.home_profile_id, r.channel, r.caller_bidx, r.returning_caller, r.auth_level, r.authenticated_at,
         r.status, r.end_reason, r.wants_summary, r.worker_id, r.started_at, r.ended_at, r.last_activity_at, r.message_count, r.last_seq, r.metrics,
         r.chain_head, r.anchored_seq
    FROM session_rows r;

CREATE TRIGGER a_lock BEFORE INSERT ON session_rows FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
-- A deleted session would leave its profile's counters wrong.
CREATE TRIGGER append_only BEFORE DELETE OR TRUNCATE ON session_rows
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

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
CREATE TRIGGER b_resolve BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION resolve_session();

-- The copy of the owner can only be corrected; where a session began and is at home never changes.
CREATE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id OR NEW.home_profile_id <> OLD.home_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND NEW.profile_id <> live_profile(OLD.home_profile_id)) THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id, home_profile_id ON session_rows
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

-- For what belongs to a session and names it by reference alone: the reference does not look at
-- the tenant.
CREATE FUNCTION session_of_this_tenant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id) THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;

-- A session and turns that came before it may be stored at the same moment: each would miss the
-- other. Whoever stores either holds this until the end of its transaction.
CREATE FUNCTION session_gate(session uuid) RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(uuid_hash_extended(session, 7004)) $$;
CREATE FUNCTION take_session_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM session_gate(NEW.session_id); RETURN NEW; END $$;
CREATE TRIGGER a_gate BEFORE INSERT ON session_rows FOR EACH ROW EXECUTE FUNCTION take_session_gate();

-- Counting is per statement, over the rows really inserted: a replay that ON CONFLICT skips is
-- not in the transition table and is not counted. Counters by row trigger deadlock or drift.
-- Turns that came before their session are counted with it.
CREATE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH early AS (
    SELECT a.session_id, m.* FROM added a CROSS JOIN LATERAL (
      SELECT count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head, least(max(created_at), now()) AS latest
        FROM conversation_messages WHERE session_id = a.session_id AND tenant_id = a.tenant_id) m
     WHERE m.messages > 0)
  UPDATE session_rows s
     SET message_count = s.message_count + e.messages, last_seq = e.last_seq, chain_head = e.head,
         last_activity_at = greatest(s.last_activity_at, e.latest)
    FROM early e WHERE s.session_id = e.session_id;
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, total_messages = u.total_messages + c.messages,
         last_seen_at = greatest(u.last_seen_at, c.latest)
    -- The copy is right at this moment: the identity lock keeps merges out.
    FROM (SELECT s.profile_id, count(*) AS sessions, sum(s.message_count) AS messages, least(max(s.started_at), now()) AS latest
            FROM added a JOIN session_rows s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON session_rows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_sessions();

-- A caller joined. `caller`, `device_index`, `participant_index`: indexes of the number, the device
-- and the participant. `erased`: nothing was stored, and nothing of this session will be.
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

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (4, 'sessions', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '6492923541489145813');
\else
\echo already migrated: 4 sessions
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 5) AS pending \gset
\if :pending
\echo applying 5 messages

-- What was said, in one partition for each month, chained by hash.
--
--   * A message's key is (session_id, seq): whatever is retried after a lost reply cannot store a
--     turn twice. Messages carry no profile; they follow their session, so joining two profiles
--     changes no message, however much was said.
--   * content_ct is what the agent encrypted (database/src/message.rs); the key is never here.
--     row_hash covers the row as stored and the hash before it (database/src/message/canonical.rs). The
--     session keeps the hash of its last row, so that a tail cut off shows.
--   * A session's id is a UUIDv7, so its month is known from the id and a session lies in one
--     partition, however long it lasts. Ids of other months go to the default partition, whose
--     being empty a nightly job watches.
--   * No reference to session_rows: a start that is late must not keep the turns out. Turns without
--     a session are counted when it comes.

CREATE TYPE msg_role AS ENUM ('user', 'assistant', 'system', 'tool');

-- Written once, when final.
CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content_ct  bytea NOT NULL,          -- redacted before it is encrypted
  redacted    boolean NOT NULL DEFAULT false,
  started_ms  int,                     -- media time since the track began
  ended_ms    int,
  interrupted boolean NOT NULL DEFAULT false,
  intent      text,
  latency_ms  int,                     -- end of speech to first audio
  meta        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  row_hash    bytea NOT NULL CHECK (length(row_hash) = 32),
  PRIMARY KEY (session_id, seq)
) PARTITION BY RANGE (session_id);
SELECT isolate_tenant('conversation_messages');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conversation_messages
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- The lowest id that can have been made at this moment.
CREATE FUNCTION v7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

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
  PERFORM isolate_tenant(name);
END $$;

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

-- Messages whose id names no month that has a partition. As the owner: nobody else reads a partition.
CREATE FUNCTION misplaced_messages() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT count(*) FROM conversation_messages_default $$;

-- Counts a statement's messages on their sessions and profiles.
--
-- PostgreSQL can write the new version of such a row beside the old one and leave all indexes alone
-- (a HOT update), unless a column that some index uses has changed: hence no index uses what each
-- message changes. The new rows are looked at once, sessions and profiles are found by their keys and
-- not through the view, and a batch of one call (most are) takes no lock before it updates, because
-- one row has no order.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
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
CREATE TRIGGER c_count AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- A tenant's messages and records of tools of one month, written to a file and no longer here. Counters count what was
-- said, wherever it is kept: putting a month away changes none.
CREATE TABLE message_archives (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  partition   text NOT NULL,
  low         uuid NOT NULL,           -- ids from low to below high
  high        uuid NOT NULL,
  messages    bigint NOT NULL,
  tool_call_records bigint NOT NULL,   -- intents and outcomes
  file        text NOT NULL,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  archived_at timestamptz NOT NULL DEFAULT now(),
  dropped_at  timestamptz,             -- NULL: in the file and still here
  PRIMARY KEY (tenant_id, partition)
);
SELECT isolate_tenant('message_archives');

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

-- Detaches and drops a month, and the records of tools that were called in its sessions, once every
-- tenant with any has them in a file, by number. 'dropped', 'not_archived' (of this or another tenant)
-- or 'not_found'. As the owner, because a tenant cannot see that another one has rows.
CREATE FUNCTION drop_archived_partition(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  month record;
  unsafe boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  SELECT r.low, r.high INTO month FROM retired_partitions(0) r WHERE r.name = drop_archived_partition.name;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
  ALTER TABLE message_archives NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_calls NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_call_outcomes NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('SELECT EXISTS (
      SELECT FROM (SELECT r.tenant_id, count(*) FILTER (WHERE r.said) AS messages, count(*) FILTER (WHERE NOT r.said) AS tool_call_records
                     FROM (SELECT tenant_id, true AS said FROM %I
                           UNION ALL SELECT tenant_id, false FROM tool_calls WHERE session_id >= $1 AND session_id < $2
                           UNION ALL SELECT tenant_id, false FROM tool_call_outcomes WHERE session_id >= $1 AND session_id < $2) r
                    GROUP BY 1) held
        LEFT JOIN message_archives a ON a.tenant_id = held.tenant_id AND a.partition = %L
       WHERE (a.messages, a.tool_call_records) IS DISTINCT FROM (held.messages, held.tool_call_records))', name, name)
    INTO unsafe USING month.low, month.high;
  IF NOT unsafe THEN
    EXECUTE format('ALTER TABLE conversation_messages DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    PERFORM delete_tool_calls(month.low, month.high);
    UPDATE message_archives a SET dropped_at = now() WHERE a.partition = name;
  ELSE
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  END IF;
  ALTER TABLE message_archives FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_calls FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_call_outcomes FORCE ROW LEVEL SECURITY;
  RETURN CASE WHEN unsafe THEN 'not_archived' ELSE 'dropped' END;
END $$;

-- Sessions whose own numbers differ from their rows. Always empty; a nightly job looks.
CREATE VIEW session_drift WITH (security_invoker = true) AS
  SELECT s.session_id, s.message_count, s.last_seq, m.messages AS counted_messages, m.last_seq AS counted_last_seq
    FROM session_rows s
    CROSS JOIN LATERAL (SELECT count(*) AS messages, max(seq) AS last_seq FROM conversation_messages WHERE session_id = s.session_id) m
   WHERE (s.message_count <> m.messages OR s.last_seq IS DISTINCT FROM m.last_seq) AND NOT is_archived(s.session_id);

-- Profiles whose counters differ from the rows, whoever they are filed under. Always empty; a
-- nightly job looks. A session that is put away counts as it says, not by rows.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
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
VALUES (5, 'messages', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '10768275238716837037');
\else
\echo already migrated: 5 messages
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 6) AS pending \gset
\if :pending
\echo applying 6 merging

-- Joining what an unknown caller said to the customer they turned out to be.
--
--   * A merge changes who owns sessions by one pointer, however many there are, and every reader
--     sees it from that moment. Nothing is deleted or copied, so an unmerge gives back exactly what
--     a merge took.
--   * The copies of the owner in session_rows are brought up to date in the merge for up to 5
--     sessions, which is what most callers have: filing those in the background would cost more than
--     it saves. Beyond that their homes are written down in profile_drains, and drain_merges does it
--     in the background. So a merge takes as long for ten sessions as for ten thousand.
--   * Refusals are outcomes by name, not errors; every attempt is audited, refused ones too. Why
--     somebody merged or unmerged may name a person: the audit, which cannot forget, keeps that a
--     reason was given; the reason is on the merge's row and goes with the person.

CREATE TABLE profile_merges (
  merge_id             bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id            int NOT NULL DEFAULT current_tenant(),
  source_id            uuid,           -- the profiles the request resolved to; NULL: not found
  target_id            uuid,
  requested_source     uuid NOT NULL,
  requested_target     uuid NOT NULL,
  outcome              text NOT NULL,
  reason               text,
  actor                text NOT NULL,
  session_id           uuid,
  sessions_moved       int NOT NULL DEFAULT 0,
  messages_moved       bigint NOT NULL DEFAULT 0,
  source_before        jsonb,          -- without what is sealed: that stays on its own row
  target_before        jsonb,
  -- When the target had been seen before the merge. Apart from the images, which go when the
  -- other profile is erased: unmerging a third needs the times of the one that lives on.
  target_first_seen_at timestamptz,
  target_last_seen_at  timestamptz,
  -- key -> {before, after, provenance_before}: what the target's metadata gained.
  imported             jsonb NOT NULL DEFAULT '{}',
  merged_at            timestamptz NOT NULL DEFAULT clock_timestamp(),
  reverted_at          timestamptz,
  reverted_by          text,
  reverted_reason      text
);
SELECT isolate_tenant('profile_merges');
CREATE UNIQUE INDEX profile_merges_one_active ON profile_merges (source_id) WHERE outcome = 'merged' AND reverted_at IS NULL;
CREATE INDEX profile_merges_target ON profile_merges (target_id);
-- A person's history is asked for by any of the profiles that an attempt named.
CREATE INDEX profile_merges_source ON profile_merges (source_id);
CREATE INDEX profile_merges_requested_source ON profile_merges (requested_source);
CREATE INDEX profile_merges_requested_target ON profile_merges (requested_target);

-- Homes some of whose sessions still carry an older owner. Written under the exclusive identity
-- lock; drain_merges empties it.
CREATE TABLE profile_drains (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  since      timestamptz NOT NULL DEFAULT clock_timestamp(),
  done_to    uuid                      -- sessions up to this one were looked at
);
SELECT isolate_tenant('profile_drains');

-- Sessions of the live profile of this one, by index.
CREATE FUNCTION sessions_of(profile uuid) RETURNS SETOF agent_sessions LANGUAGE sql STABLE AS $$
  SELECT s.* FROM agent_sessions s
   WHERE s.session_id IN (
           SELECT r.session_id FROM session_rows r WHERE r.profile_id = live_profile(profile)
           UNION SELECT r.session_id FROM profile_drains d JOIN user_profiles h ON h.id = d.profile_id
                                                           JOIN session_rows r ON r.home_profile_id = d.profile_id
                  WHERE live_profile(profile) IN (h.id, h.merged_into_profile_id))
     AND s.profile_id = live_profile(profile)
$$;

-- The target wins a key that both have; arrays are united in order, without repeats.
CREATE FUNCTION merge_traits(target jsonb, source jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
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

-- What a merge writes down of the profiles: nothing sealed, which stays on its own row.
CREATE FUNCTION profile_image(p user_profiles) RETURNS jsonb LANGUAGE sql STABLE AS
$$ SELECT to_jsonb(p) - ARRAY['name_ct', 'phone_ct', 'email_ct', 'phone_bidx', 'email_bidx'] $$;

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

-- A caller waits while no more than this are filed: 40 microseconds each.
CREATE FUNCTION sessions_filed_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 5 $$;
-- Counting reads and writes nothing: up to this many are counted before their numbers are carried on.
CREATE FUNCTION sessions_counted_at_once() RETURNS int LANGUAGE sql IMMUTABLE AS $$ SELECT 100 $$;

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

-- Brings the copies of the owner up to date, for at most this many sessions; several may run at
-- once. 'refiled': sessions corrected; 'pending': homes that still wait. Does not wait for the
-- server's disk: what a crash takes back of it still waits to be drained, because the note and the
-- rows are of one transaction.
CREATE FUNCTION drain_merges(at_most int, OUT refiled int, OUT pending bigint) LANGUAGE plpgsql AS $$
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
    'reason_given', reason IS NOT NULL, 'session', session, 'merge', number));
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

-- merge_profiles(anonymous, authenticated): 'merged', 'already_merged', 'not_found' or 'refused_...'.
-- What it does depends on how many profiles were merged into the source, never on its sessions.
CREATE FUNCTION merge_profiles(anonymous uuid, authenticated uuid, actor text DEFAULT current_user::text,
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
         total_sessions = 0, total_messages = 0
   WHERE id = source.id;
  UPDATE user_profiles SET total_sessions = total_sessions + source.total_sessions, total_messages = total_messages + source.total_messages,
         first_seen_at = least(first_seen_at, source.first_seen_at), last_seen_at = greatest(last_seen_at, source.last_seen_at),
         updated_at = now()
   WHERE id = target.id;
  UPDATE profile_identifiers SET profile_id = target.id WHERE profile_id = source.id;
  PERFORM refile(family, target.id, source.total_sessions);
  PERFORM import_traits(merge, source, target);
  UPDATE profile_merges SET sessions_moved = source.total_sessions, messages_moved = source.total_messages,
         target_first_seen_at = target.first_seen_at, target_last_seen_at = target.last_seen_at WHERE merge_id = merge;
  RETURN 'merged';
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (6, 'merging', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '5697375647842569596');
\else
\echo already migrated: 6 merging
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 7) AS pending \gset
\if :pending
\echo applying 7 unmerging

-- Taking a merge apart again, exactly: the sessions that it brought go back, and so do the traits that
-- came with it and have not changed since. Sessions made after the merge stay.

-- Everything still merged into this profile, directly or through another, and itself.
CREATE FUNCTION merged_subtree(root uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE sub AS (
    SELECT root AS id
    UNION SELECT m.source_id FROM profile_merges m JOIN sub ON m.target_id = sub.id
           WHERE m.outcome = 'merged' AND m.reverted_at IS NULL)
  SELECT id FROM sub
$$;

-- The profiles that a merged one went into, step by step, up to the live one.
CREATE FUNCTION merged_ancestors(profile uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $$
  WITH RECURSIVE up AS (
    SELECT m.target_id AS id FROM profile_merges m WHERE m.source_id = profile AND m.outcome = 'merged' AND m.reverted_at IS NULL
    UNION SELECT m.target_id FROM profile_merges m JOIN up ON m.source_id = up.id WHERE m.outcome = 'merged' AND m.reverted_at IS NULL)
  SELECT id FROM up
$$;

-- first_seen_at and last_seen_at without what is no longer merged into this profile.
CREATE FUNCTION restore_seen_times(profile uuid) RETURNS void LANGUAGE plpgsql AS $$
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

-- unmerge_profile(source): 'unmerged', 'not_merged' or 'refused_...'. Counts the source's sessions,
-- so it takes time for many; a drain that is not done yet does not stand in its way.
--
-- `confirmed`: the merge that an administrator was shown and confirmed. Between the two somebody
-- else may have undone it and made another one: then 'refused_changed'.
CREATE FUNCTION unmerge_profile(source uuid, by_actor text DEFAULT current_user::text, why text DEFAULT NULL, confirmed bigint DEFAULT NULL)
RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  m profile_merges;
  refused text;
  root uuid;
  sessions int;
  messages bigint;
  subtree uuid[];
  above uuid[];
BEGIN
  PERFORM identity_lock(true);
  SELECT * INTO m FROM profile_merges WHERE source_id = source AND outcome = 'merged' AND reverted_at IS NULL;
  root := live_profile(source);
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT source UNION SELECT id FROM merged_ancestors(source)) ORDER BY id FOR UPDATE;
  refused := CASE
    WHEN m.merge_id <> confirmed THEN 'refused_changed'
    WHEN EXISTS (SELECT FROM user_profiles u WHERE u.id = source AND u.erased_at IS NOT NULL) THEN 'refused_erased'
    WHEN m.merge_id IS NULL THEN 'not_merged'
    WHEN EXISTS (SELECT FROM user_profiles u JOIN user_profiles s ON lower(u.username) = lower(s.username) AND u.tenant_id = s.tenant_id
                  WHERE s.id = source AND u.id <> source AND u.merged_into_profile_id IS NULL) THEN 'refused_name_taken' END;
  IF refused IS NOT NULL THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_strip_nulls(jsonb_build_object(
      'outcome', refused, 'confirmed', confirmed, 'reason_given', why IS NOT NULL)));
    RETURN refused;
  END IF;
  SELECT array_agg(id) INTO subtree FROM merged_subtree(source);
  SELECT count(*), coalesce(sum(message_count), 0) INTO sessions, messages FROM session_rows WHERE home_profile_id = ANY (subtree);
  UPDATE profile_identifiers SET profile_id = source WHERE profile_id = root AND origin_profile_id = ANY (subtree);
  SELECT array_agg(id) INTO above FROM merged_ancestors(source);
  PERFORM return_traits(m, holder) FROM unnest(above) holder;

  UPDATE user_profiles SET total_sessions = total_sessions - sessions, total_messages = total_messages - messages, updated_at = now()
   WHERE id = root;
  -- The device may have a fresh profile by now, which keeps the id; the old one keeps a trace of it.
  UPDATE user_profiles s SET anonymous_id = left(s.anonymous_id, 200) || '#' || s.id
   WHERE s.id = source AND s.profile_type = 'anonymous' AND EXISTS (
     SELECT FROM user_profiles u WHERE u.tenant_id = s.tenant_id AND u.anonymous_id = s.anonymous_id
        AND u.profile_type = 'anonymous' AND u.merged_into_profile_id IS NULL AND u.id <> s.id);
  UPDATE user_profiles SET merged_into_profile_id = NULL, merged_at = NULL, total_sessions = sessions, total_messages = messages,
         updated_at = now() WHERE id = source;
  UPDATE user_profiles SET merged_into_profile_id = source WHERE id = ANY (subtree) AND id <> source;
  PERFORM refile(subtree, source, sessions);
  UPDATE profile_merges SET reverted_at = clock_timestamp(), reverted_by = by_actor, reverted_reason = why WHERE merge_id = m.merge_id;
  PERFORM restore_seen_times(holder) FROM unnest(above) holder;
  PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
    'outcome', 'unmerged', 'from', root, 'merge', m.merge_id, 'sessions', sessions, 'messages', messages, 'reason_given', why IS NOT NULL));
  RETURN 'unmerged';
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (7, 'unmerging', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '2672673541095833866');
\else
\echo already migrated: 7 unmerging
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 8) AS pending \gset
\if :pending
\echo applying 8 keys

-- Keys of people and of sessions, wrapped: without the key file, which is not here, they open
-- nothing.
--
--   * A session's key is wrapped under the key of its home, which never changes: merging and
--     unmerging move no key.
--   * Deleting a person's row makes every session whose home is that profile unreadable, and
--     what is sealed on the profile's own row.
--   * Whoever is first keeps its key: a repeated start offers another one and gets the stored one.

CREATE TABLE person_keys (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key_id     int NOT NULL CHECK (key_id > 0),                  -- number of the wrapping key in the key file
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60),      -- nonce 12, key 32, tag 16
  created_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_tenant('person_keys');
CREATE INDEX person_keys_key ON person_keys (tenant_id, key_id);

CREATE TABLE session_keys (
  session_id uuid PRIMARY KEY REFERENCES session_rows,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  profile_id uuid NOT NULL REFERENCES person_keys,             -- whose key wraps it
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60),
  caller_ct  bytea,                                            -- the caller's number
  name_ct    bytea                                             -- the name that the caller stated
);
SELECT isolate_tenant('session_keys');
CREATE INDEX session_keys_profile ON session_keys (profile_id);

-- The key file that a tenant's rows were written with, so that another one is refused by name
-- before it writes what the first cannot open.
CREATE TABLE key_files (
  tenant_id     int PRIMARY KEY DEFAULT current_tenant(),
  fingerprint   text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{16}$'),
  first_used_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_tenant('key_files');

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

-- A person's wrapped key: the stored one, else the candidate, which is stored. NULL if there is
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

-- A session's wrapped key: the stored one, else the candidate, which is stored with the caller's
-- number, sealed with it. NULL if the session is not there or its person was erased.
CREATE FUNCTION keep_session_key(session uuid, candidate bytea, caller bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  INSERT INTO session_keys (session_id, profile_id, wrapped, caller_ct)
  SELECT s.session_id, k.profile_id, candidate, caller FROM session_rows s JOIN person_keys k ON k.profile_id = s.home_profile_id
   WHERE s.session_id = session
  ON CONFLICT (session_id) DO NOTHING;
  RETURN (SELECT k.wrapped FROM session_keys k WHERE k.session_id = session);
END $$;

-- The name of a session's summary, or that it gives none. As the owner: a worker may add keys and
-- change none. Does nothing when the key was destroyed.
CREATE FUNCTION keep_stated_name(session uuid, sealed bytea) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session_keys k SET name_ct = sealed WHERE k.session_id = session AND (k.name_ct IS NOT NULL OR sealed IS NOT NULL);
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (8, 'keys', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '1294456113199202831');
\else
\echo already migrated: 8 keys
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 9) AS pending \gset
\if :pending
\echo applying 9 authentication

-- Proving who a caller is, by a one-time code sent to the number that we already hold.
--
--   * Unknown customer, wrong number and right one look the same from outside: each opens a
--     challenge, and only the right one's code is ever sent. Limits that a caller can see count
--     what the caller claimed and where they came from, never what we found; the limit on what
--     we found is silent.
--   * A code is kept as a salted hash, lives five minutes and dies after three attempts. An
--     attempt is counted before it is judged, so parallel guesses get no extra ones.
--   * Claims and addresses are here as indexes: only their being the same matters.

CREATE TABLE auth_challenges (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL,          -- no reference: the session's row may be on its way
  claim        bytea NOT NULL,         -- index of what the caller said: kind and value
  address      bytea,                  -- index of where the caller came from: an IP address or a SIP number
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
SELECT isolate_tenant('auth_challenges');
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
  address      bytea,
  outcome      text NOT NULL CHECK (outcome IN ('verified', 'wrong', 'expired', 'exhausted', 'used', 'none')),
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT isolate_tenant('auth_attempts');
CREATE INDEX auth_attempts_session ON auth_attempts (session_id, at);

-- The one live customer that a claim names, or NULL. `phones`: indexes of the numbers that were
-- meant; of a national number one for each country it may be of.
CREATE FUNCTION claimed_customer(claim_kind text, claimed text, phones bytea[]) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
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

-- limits: expires_s, max_attempts, window_s, per_claim, per_address, per_profile, per_profile_day.
-- 'limited' can be said to the caller; 'started' without send_to means that nothing is sent.
-- send_to comes with what opens its number, so that right and wrong claims take equally long.
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

CREATE FUNCTION log_attempt(challenge uuid, session uuid, from_address bytea, outcome text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_attempts (challenge_id, session_id, address, outcome) VALUES (challenge, session, from_address, outcome);
  PERFORM audit('caller', 'auth.' || outcome, 'session', session::text, jsonb_build_object('challenge', challenge));
END $$;

-- Takes one attempt at the newest challenge of a session, before the code is looked at.
-- 'open' comes with what is needed to judge it; every other outcome is final and logged.
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

-- The code was right: spends the challenge. The customer, or NULL if nobody's code was sent
-- (a lucky guess against a claim that matched nobody proves nothing) or it was spent already.
CREATE FUNCTION spend_challenge(challenge uuid, session uuid, from_address bytea) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
BEGIN
  UPDATE auth_challenges SET consumed_at = clock_timestamp()
   WHERE challenge_id = challenge AND consumed_at IS NULL AND sent RETURNING live_profile(profile_id) INTO customer;
  PERFORM log_attempt(challenge, session, from_address, CASE WHEN customer IS NULL THEN 'wrong' ELSE 'verified' END);
  RETURN customer;
END $$;

-- The caller of a session proved to be this customer. 'merged' and 'already_merged' are success.
CREATE FUNCTION authenticate_session(session uuid, customer uuid, level int, by_actor text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  current_owner uuid;
  outcome text;
BEGIN
  PERFORM identity_lock(true);
  SELECT s.profile_id INTO current_owner FROM agent_sessions s WHERE s.session_id = session;
  IF NOT FOUND THEN RETURN 'session_not_found'; END IF;
  outcome := merge_profiles(current_owner, customer, by_actor, 'authenticated in the call', false, session);
  IF outcome IN ('merged', 'already_merged') THEN
    UPDATE session_rows SET auth_level = greatest(auth_level, level), authenticated_at = coalesce(authenticated_at, clock_timestamp())
     WHERE session_id = session;
  END IF;
  RETURN outcome;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (9, 'authentication', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '7765377003091673547');
\else
\echo already migrated: 9 authentication
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 10) AS pending \gset
\if :pending
\echo applying 10 after_a_call

-- What follows a call: its summary, whatever dies in between, and promises made to the caller.
--
--   * A summary is pending from the moment a session ends, in the same transaction, and again when
--     a turn comes late. Workers claim what is pending; a claim whose worker dies runs out; what
--     fails again and again is given up, for a person to look at.

CREATE TYPE sentiment3 AS ENUM ('positive', 'neutral', 'negative');
CREATE TYPE resolution AS ENUM ('resolved', 'escalated', 'incomplete');

CREATE TABLE summary_rows (
  session_id        uuid PRIMARY KEY REFERENCES session_rows,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  summary           text NOT NULL,
  -- Without the name that the caller stated, which is sealed in session_keys.
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
SELECT isolate_tenant('summary_rows');
CREATE INDEX summary_rows_sentiment ON summary_rows (sentiment, created_at DESC);
CREATE TRIGGER a_lock BEFORE INSERT ON summary_rows FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER b_tenant BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();

-- A summary belongs to whoever its session belongs to. Takes INSERT, UPDATE and DELETE as a table does.
CREATE VIEW conversation_summaries WITH (security_invoker = true) AS
  SELECT r.session_id, r.tenant_id,
         (SELECT coalesce(u.merged_into_profile_id, u.id) FROM session_rows s JOIN user_profiles u ON u.id = s.home_profile_id
           WHERE s.session_id = r.session_id) AS profile_id,
         r.summary, r.extracted_info, r.sentiment, r.resolution_status, r.topics, r.message_count, r.duration_seconds,
         r.method, r.method_version, r.source_last_seq, r.partial, r.created_at
    FROM summary_rows r;

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
SELECT isolate_tenant('summary_tokens');
CREATE INDEX summary_tokens_expiry ON summary_tokens (expires_at);

-- Promises to call a caller back.
CREATE TABLE callbacks (
  callback_id  uuid PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL REFERENCES session_rows,
  phone_ct     bytea,
  reason_ct    bytea,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at      timestamptz,
  done_by      text,
  CHECK ((done_at IS NULL) = (done_by IS NULL))
);
SELECT isolate_tenant('callbacks');
CREATE INDEX callbacks_open ON callbacks (tenant_id, requested_at) WHERE done_at IS NULL;
CREATE INDEX callbacks_session ON callbacks (session_id);

-- Work that must follow what was committed.
CREATE TABLE outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  topic        text NOT NULL CHECK (topic IN ('summary')),
  dedupe_key   text NOT NULL,          -- the session
  round        int NOT NULL DEFAULT 1, -- grows when it is asked for again: an earlier round completes nothing
  attempts     int NOT NULL DEFAULT 0, -- of this round
  next_at      timestamptz NOT NULL DEFAULT now(),
  created_at   timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  failed_at    timestamptz,            -- given up until a person asks for it again
  error        text,                   -- of the last attempt; no personal data
  UNIQUE (tenant_id, topic, dedupe_key)
);
SELECT isolate_tenant('outbox');
CREATE INDEX outbox_pending ON outbox (tenant_id, next_at) WHERE completed_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (tenant_id, failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX outbox_completed ON outbox (completed_at) WHERE completed_at IS NOT NULL;

CREATE FUNCTION enqueue_summary(session uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox AS o (topic, dedupe_key) VALUES ('summary', session::text)
  ON CONFLICT (tenant_id, topic, dedupe_key)
  DO UPDATE SET round = o.round + 1, attempts = 0, next_at = now(), completed_at = NULL, failed_at = NULL, error = NULL;
END $$;
CREATE FUNCTION enqueue_summary_of_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM enqueue_summary(NEW.session_id); RETURN NULL; END $$;
-- At its end; at its end after all (an abandoned one whose worker was only slow); at a late turn.
CREATE TRIGGER enqueue_summary AFTER UPDATE OF status, last_seq ON session_rows FOR EACH ROW
  WHEN (NEW.status <> 'active' AND NEW.wants_summary AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.last_seq IS DISTINCT FROM NEW.last_seq))
  EXECUTE FUNCTION enqueue_summary_of_session();

-- Claims up to this many, or the one of a session, for so long. Two claimers never get the same.
CREATE FUNCTION claim_summaries(session uuid, at_most int, lease interval)
RETURNS TABLE (item bigint, of_session uuid, of_round int, attempt int) LANGUAGE plpgsql AS $$
BEGIN
  -- A claim that a crash of the server takes back is made again: nobody waits for its disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH due AS (
    SELECT o.id FROM outbox o
     WHERE o.tenant_id = current_tenant() AND o.topic = 'summary' AND o.completed_at IS NULL AND o.failed_at IS NULL AND o.next_at <= now()
       AND (session IS NULL OR o.dedupe_key = session::text)
     ORDER BY o.next_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  UPDATE outbox o SET attempts = o.attempts + 1, next_at = now() + lease FROM due WHERE o.id = due.id
  RETURNING o.id, o.dedupe_key::uuid, o.round, o.attempts;
END $$;

-- Summaries that are missing and not pending (lost by hand, or given up) become pending; how many.
CREATE FUNCTION enqueue_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  missing uuid[];
BEGIN
  SELECT coalesce(array_agg(s.session_id ORDER BY s.session_id), '{}') INTO missing
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.wants_summary AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.completed_at IS NULL AND o.failed_at IS NULL);
  PERFORM enqueue_summary(session) FROM unnest(missing) session;
  RETURN cardinality(missing);
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (10, 'after_a_call', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '8112966346653437589');
\else
\echo already migrated: 10 after_a_call
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 11) AS pending \gset
\if :pending
\echo applying 11 workers

-- What the workers need to agree on.

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
SELECT isolate_tenant('workers');

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
SELECT isolate_tenant('room_locks');

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
  INSERT INTO conversation_messages (session_id, seq, role, content_ct, row_hash) VALUES (call, 0, 'user', '\x', sha256('\x'));
  PERFORM authenticate_session(call, customer, 2, 'warm-up');
  UPDATE agent_sessions SET status = 'ended', ended_at = now() WHERE session_id = call;
  PERFORM claim_summaries(call, 1, interval '1 minute');
  RAISE EXCEPTION 'taken back' USING ERRCODE = 'TWARM';
EXCEPTION WHEN SQLSTATE 'TWARM' THEN NULL;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (11, 'workers', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '8322065743302655001');
\else
\echo already migrated: 11 workers
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 12) AS pending \gset
\if :pending
\echo applying 12 knowledge

-- What the agent knows and how it is set up: packs of documents, instructions, settings.

-- A pack's revision grows exactly when an import changed something, so that a worker can ask
-- "is my index still right?" by reading one number.
CREATE TABLE knowledge_packs (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  name        text NOT NULL,
  revision    bigint NOT NULL DEFAULT 0,
  imported_at timestamptz,
  UNIQUE (tenant_id, name)
);
SELECT isolate_tenant('knowledge_packs');

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
  meta              jsonb NOT NULL DEFAULT '{}',
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (knowledge_pack_id, sha256)
);
SELECT isolate_tenant('rag_documents');

-- Makes a pack hold exactly these chunks: an array of {document, chunk, title, topic, body, meta,
-- sha256}. Known ones stay, vanished ones go.
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
  INSERT INTO rag_documents (knowledge_pack_id, document, chunk, title, topic, body, meta, sha256)
  SELECT pack, c ->> 'document', (c ->> 'chunk')::int, c ->> 'title', c ->> 'topic', c ->> 'body',
         coalesce(c -> 'meta', '{}'), decode(c ->> 'sha256', 'hex')
    FROM jsonb_array_elements(chunks) c
  ON CONFLICT (knowledge_pack_id, sha256) DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added + removed > 0 THEN
    UPDATE knowledge_packs SET revision = revision + 1, imported_at = now() WHERE id = pack;
  END IF;
END $$;

-- Versions of what the agent is instructed to do, one of them active. The program reads its prompts
-- from files; nothing writes here yet.
CREATE TABLE agent_instructions (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  version    int NOT NULL,
  body       text NOT NULL,
  active     boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, version)
);
SELECT isolate_tenant('agent_instructions');
CREATE UNIQUE INDEX agent_instructions_one_active ON agent_instructions (tenant_id) WHERE active;

CREATE TABLE system_config (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key        text NOT NULL,
  value      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
SELECT isolate_tenant('system_config');

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (12, 'knowledge', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '14448926806953119703');
\else
\echo already migrated: 12 knowledge
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 13) AS pending \gset
\if :pending
\echo applying 13 tool_calls

-- What tools were called during a conversation, and what came of it.
--
--   * A call is two records, each written once: the intent before the request leaves, the outcome
--     before it is spoken of. A call without an outcome was cut off: whether it was carried out is for
--     whoever holds its key to find out.
--   * The idempotency key goes out with the request, and is the key here: whatever is repeated after
--     a lost reply stores nothing twice.
--   * Arguments and results are sealed with the session's key, bound to the call. Erasing a person
--     destroys that key; which tool was called when, and the outcome, stay as counts do.
--   * As with messages, no reference to session_rows: a start that is late must not keep a call out.

CREATE TABLE tool_calls (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  idempotency_key uuid NOT NULL,
  seq             int NOT NULL CHECK (seq >= 0),       -- the turn that asked for it
  tool            text NOT NULL CHECK (length(tool) BETWEEN 1 AND 100),
  arguments_ct    bytea NOT NULL,
  requested_at    timestamptz NOT NULL,
  PRIMARY KEY (session_id, idempotency_key, tenant_id)
);
SELECT isolate_tenant('tool_calls');

CREATE TABLE tool_call_outcomes (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  idempotency_key uuid NOT NULL,
  -- unknown: nobody could find out whether it was carried out.
  outcome         text NOT NULL CHECK (outcome IN ('success', 'refused', 'failed', 'timed_out', 'cancelled', 'unknown')),
  result_ct       bytea NOT NULL,
  finished_at     timestamptz NOT NULL,
  PRIMARY KEY (session_id, idempotency_key, tenant_id),
  FOREIGN KEY (session_id, idempotency_key, tenant_id) REFERENCES tool_calls
);
SELECT isolate_tenant('tool_call_outcomes');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tool_calls
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON tool_call_outcomes
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Calls of tools in the sessions of a month: for drop_archived_partition, which has seen that each
-- tenant has its own in a file.
CREATE FUNCTION delete_tool_calls(low uuid, high uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  ALTER TABLE tool_call_outcomes DISABLE TRIGGER append_only;
  ALTER TABLE tool_calls DISABLE TRIGGER append_only;
  DELETE FROM tool_call_outcomes WHERE session_id >= low AND session_id < high;
  DELETE FROM tool_calls WHERE session_id >= low AND session_id < high;
  ALTER TABLE tool_calls ENABLE TRIGGER append_only;
  ALTER TABLE tool_call_outcomes ENABLE TRIGGER append_only;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (13, 'tool_calls', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '7428081218575042681');
\else
\echo already migrated: 13 tool_calls
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 14) AS pending \gset
\if :pending
\echo applying 14 erasure

-- Making a person disappear.
--
--   * Erasing destroys keys, overwrites what is readable, and leaves rows, counts and hashes: the
--     record still verifies.
--   * What of an erased session or identifier arrives later (a stale spool) is turned away and
--     counted here; who calls again afterwards is a stranger.
--   * A new table with something of a person belongs into erase_traces, and needs the trigger a_erased
--     if what it holds may come late.

-- What was erased, and how much of it still tried to come in.
CREATE TABLE erased_sessions (
  session_id uuid PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  erased_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  dropped    int NOT NULL DEFAULT 0    -- records that came too late
);
SELECT isolate_tenant('erased_sessions');
-- Of a device or number only a digest of its index: enough to turn away what comes late, and no
-- index of an erased person is in any table.
CREATE TABLE erased_identifiers (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  mark      bytea NOT NULL CHECK (length(mark) = 32),
  erased_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, mark)
);
SELECT isolate_tenant('erased_identifiers');

CREATE FUNCTION erased_mark(bidx bytea) RETURNS bytea LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS
$$ SELECT sha256('erased identifier'::bytea || bidx) $$;

-- True if a record of this session may not be stored: it was erased, or it began before its
-- device or number was. Counts what is turned away.
CREATE FUNCTION turn_away_erased(session uuid, indexes bytea[], began timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
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

-- What belongs to an erased session is not stored, whoever writes it.
CREATE FUNCTION drop_erased() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE erased_sessions SET dropped = dropped + 1 WHERE session_id = NEW.session_id;
  RETURN CASE WHEN FOUND THEN NULL ELSE NEW END;
END $$;
CREATE TRIGGER a_erased BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON callbacks FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON summary_tokens FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON auth_challenges FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON tool_calls FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER a_erased BEFORE INSERT ON tool_call_outcomes FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- Messages come in batches: the writer leaves out what was erased, and has to look again if
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

-- erase_profile(any profile of a tree): 'erased', 'already_erased' or 'not_found', and how much.
-- Erases the live profile, all that were merged into it, and everything of their sessions.
CREATE FUNCTION erase_profile(profile uuid, actor text,
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
         email_ct = NULL, email_bidx = NULL, profile_metadata = '{}', metadata_provenance = '{}', hint_profile_id = NULL,
         updated_at = now()
   WHERE u.id = ANY (tree);
  PERFORM audit(actor, 'profile.erase', 'profile', root::text, jsonb_build_object(
    'profiles', profiles, 'sessions', sessions, 'messages', messages, 'summaries', summaries, 'identifiers', identifiers));
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (14, 'erasure', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '4055946191266464437');
\else
\echo already migrated: 14 erasure
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 15) AS pending \gset
\if :pending
\echo applying 15 roles

-- Who may do what. The program connects as a member of these roles, not as the owner:
--
--   app_reader      reads                                  app_writer      a worker: reads, records calls
--   supervisor      a page for listening in: reads calls, keeps callbacks
--   auditor         reads who did what; no words, no names, no keys
--   identity_admin  an administrator's commands: what a worker does, and merge, unmerge, import,
--                   erase, rotate
--
--   * Policies hold for all of them; none may pass row-level security.
--   * What needs more than its caller may do (a merge when a caller proved who they are, an
--     erasure) runs as the owner, under the same policies, and only what is listed here may be
--     executed: nothing is left to PUBLIC. Roles that only read may run only what reads.
--   * Creating roles takes a right that the migrating role may lack. Then a notice says what a
--     superuser should run. grant_roles() may be run again at any time; `teller migrate` does.
--   * A migration that adds a table or a function replaces the function here that lists it.

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
  SELECT name IN ('merge_profiles', 'unmerge_profile', 'erase_profile', 'erase_traces', 'import_traits', 'return_traits',
                  'restore_seen_times', 'record_merge_attempt', 'refile', 'check_counts', 'ensure_customer', 'set_contact',
                  'guard_partition', 'isolate_tenant', 'grant_roles', 'delete_tool_calls')
$$;

-- What somebody who only reads may run.
CREATE FUNCTION is_reading_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('current_tenant', 'live_profile', 'sessions_of', 'is_archived', 'v7_floor', 'misplaced_messages', 'retired_partitions',
                  'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file')
$$;

-- What each role may do with the tables.
CREATE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace AND pg_has_role(p.proowner, 'USAGE')
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
  FOR g IN SELECT w.role, w.rights, w.tab FROM table_rights() w WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = w.role)
     UNION SELECT 'identity_admin', w.rights, w.tab FROM table_rights() w
            WHERE w.role = 'app_writer' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'identity_admin') LOOP
    EXECUTE format('GRANT %s ON %I TO %I', g.rights, g.tab, g.role);
  END LOOP;
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (15, 'roles', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '5962948646722294571');
\else
\echo already migrated: 15 roles
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 16) AS pending \gset
\if :pending
\echo applying 16 draft

-- What callers asked and nobody wrote down, adopted by supervisors for the pack: lines of a draft, until somebody puts
-- them into the pack's folder.
--
--   * A table and not files: workers share one draft, each may have the pack's folder read-only or a copy of its own.
--   * A line is a caller's words until it is in the pack: sealed with the key of its call, and gone with the person.
--     What it is found by is an index, so that the same line twice is one.
--   * Workers read it. Lines are added and taken out by administrators alone.

CREATE TABLE draft_asks (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id     int NOT NULL DEFAULT current_tenant(),
  pack          text NOT NULL,
  document      text NOT NULL,     -- its source within the pack
  session_id    uuid NOT NULL REFERENCES session_rows,
  phrasing_ct   bytea NOT NULL,
  phrasing_bidx bytea NOT NULL CHECK (length(phrasing_bidx) = 32),
  adopted_by    text NOT NULL,
  adopted_at    timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, pack, document, phrasing_bidx)
);
SELECT isolate_tenant('draft_asks');
CREATE INDEX draft_asks_session ON draft_asks (session_id);
-- In one order with an erasure: a line is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON draft_asks FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON draft_asks FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (16, 'draft', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '5250203077024916792');
\else
\echo already migrated: 16 draft
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 17) AS pending \gset
\if :pending
\echo applying 17 meanings

-- What the texts of a pack's documents mean, found out once when the pack is imported: a worker that begins reads it
-- and need not spend half a minute of its own.
--
--   * By the hash of the text, which stands in the documents already; a text that changed is another one.
--   * By the model that found it out: vectors of two models say nothing to each other. A pack has those of one, the one
--     of the last import; a worker with another finds out by itself.
--   * Of the pack alone, nothing of a person.

CREATE TABLE text_meanings (
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  knowledge_pack_id int NOT NULL REFERENCES knowledge_packs ON DELETE CASCADE,
  model             text NOT NULL,
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),   -- of the text
  numbers           bytea NOT NULL,     -- 32 bits each, IEEE 754, little-endian
  PRIMARY KEY (knowledge_pack_id, model, sha256)
);
SELECT isolate_tenant('text_meanings');
-- Numbers do not compress; each row is read whole.
ALTER TABLE text_meanings ALTER COLUMN numbers SET STORAGE EXTERNAL;

-- Adds meanings to a pack, which is made if it was never imported: a worker that sees the import finds them there.
CREATE FUNCTION add_meanings(pack_name text, of_model text, hashes bytea[], vectors bytea[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  pack int;
BEGIN
  INSERT INTO knowledge_packs (name) VALUES (pack_name)
  ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO pack;  -- also locks the pack
  INSERT INTO text_meanings (knowledge_pack_id, model, sha256, numbers)
  SELECT pack, of_model, m.hash, m.vector FROM unnest(hashes, vectors) m(hash, vector)
  ON CONFLICT DO NOTHING;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (17, 'meanings', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '14166590030988688865');
\else
\echo already migrated: 17 meanings
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 18) AS pending \gset
\if :pending
\echo applying 18 promises

-- Promises that a person gets back to a caller: not only calls back, but complaints and whatever a pack has tickets for.
--
--   * What was asked for (number, reason, time, and what a colleague notes when it is done) is sealed with the key of its
--     call. What it is, until when, and who of the company has it are readable: the list is made of them.
--   * A reference is made from the row's key, so that the caller could be told it before the row was here. It is unique in
--     its tenant; one that is taken gets a letter more.
--   * A worker of the version before writes rows without a reference and a day: they are found by their id.

ALTER TABLE callbacks
  ADD COLUMN kind      text NOT NULL DEFAULT 'callback',
  ADD COLUMN reference text,
  ADD COLUMN wanted_ct bytea,           -- the time that was asked for, as it was said
  ADD COLUMN urgent    boolean NOT NULL DEFAULT false,
  ADD COLUMN due_at    timestamptz,
  ADD COLUMN taken_at  timestamptz,
  ADD COLUMN taken_by  text,
  ADD COLUMN note_ct   bytea,
  ADD CHECK ((taken_at IS NULL) = (taken_by IS NULL));
CREATE UNIQUE INDEX callbacks_reference ON callbacks (tenant_id, reference);
-- In one order with an erasure: a promise is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON callbacks FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (18, 'promises', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '12741336663072548887');
\else
\echo already migrated: 18 promises
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 19) AS pending \gset
\if :pending
\echo applying 19 left_tasks

-- What a task knew when a call broke off, so that the next call of the same person can go on with it.
--
--   * One row for a call, written over while its task goes on. It comes by the spool, as messages do: a killed worker
--     leaves what it had. A task that ended, or a deed that was asked for, leaves NULL.
--   * What was said is sealed with the key of its call, and belongs to whoever owns that: merging moves it with the call.
--   * It is taken once, in the transaction that reads it, and forgotten when its days are over.
--   * As with calls of tools, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE left_tasks (
  session_id uuid PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  task       text CHECK (length(task) BETWEEN 1 AND 100),
  values_ct  bytea,
  kept_at    timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  CHECK ((task IS NULL) = (values_ct IS NULL))
);
SELECT isolate_tenant('left_tasks');
CREATE INDEX left_tasks_expiry ON left_tasks (expires_at);
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON left_tasks FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON left_tasks FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (19, 'left_tasks', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '4364057388189229287');
\else
\echo already migrated: 19 left_tasks
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 20) AS pending \gset
\if :pending
\echo applying 20 unconfirmed_deeds

-- Deeds whose end nobody saw: a call of a tool says whether it leaves something behind that the caller agreed to. When the
-- call is over and nobody knows whether it was done, a person gets a ticket, whoever killed the worker in the middle.

ALTER TABLE tool_calls ADD COLUMN deed boolean NOT NULL DEFAULT false;
CREATE INDEX tool_calls_deeds ON tool_calls (requested_at) WHERE deed;

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (20, 'unconfirmed_deeds', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '10875644010668894257');
\else
\echo already migrated: 20 unconfirmed_deeds
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 21) AS pending \gset
\if :pending
\echo applying 21 turn_insights

-- What a turn of a caller says of them: how they feel, how urgent it is, what they want, how patient they still are.
--
--   * One row for each turn and each way of reading it; written once. Of several the one made last counts: a reader takes
--     it, nothing is replaced.
--   * It comes by the spool, behind its turn. What a killed worker did not write, whoever sums the call up adds; the same
--     words always give the same row, so that whichever came first is right.
--   * Names of our own and of the pack alone, no word of a caller's: readable, and outside the hash chain of messages. It
--     belongs to whoever owns its call, and goes when they are erased.
--   * As with messages, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE turn_insights (
  tenant_id       int NOT NULL DEFAULT current_tenant(),
  session_id      uuid NOT NULL,
  seq             int NOT NULL CHECK (seq >= 0),
  source          text NOT NULL CHECK (source IN ('rules', 'model')),
  version         int NOT NULL CHECK (version > 0),       -- of the rules, or of what the model was told
  emotion         text NOT NULL CHECK (emotion IN ('frustrated', 'excited', 'confused', 'angry', 'neutral', 'happy', 'satisfied', 'worried')),
  urgency         text NOT NULL CHECK (urgency IN ('critical', 'high', 'medium', 'low')),
  intent_category text NOT NULL CHECK (intent_category IN ('information_seeking', 'problem_solving', 'purchase_intent', 'support_request',
                                                           'complaint', 'comparison', 'exploration', 'cancellation')),
  sentiment       smallint NOT NULL CHECK (sentiment BETWEEN -100 AND 100),  -- hundredths
  frustration     smallint NOT NULL CHECK (frustration BETWEEN 0 AND 10),
  causes          text[] NOT NULL,                        -- of the frustration, the most recent first
  confidence      smallint NOT NULL CHECK (confidence BETWEEN 0 AND 100),    -- hundredths
  topics          text[] NOT NULL,
  pain_points     text[] NOT NULL,
  opportunities   text[] NOT NULL,
  objections      text[] NOT NULL,
  actions         text[] NOT NULL,                        -- what would be best, best first
  style           text CHECK (style IN ('concise', 'detailed', 'formal', 'casual')),
  level           text CHECK (level IN ('beginner', 'expert')),
  made_at         timestamptz NOT NULL,
  PRIMARY KEY (session_id, seq, source, version, tenant_id)
);
SELECT isolate_tenant('turn_insights');
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON turn_insights FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON turn_insights FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON turn_insights FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  DELETE FROM turn_insights i WHERE i.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (21, 'turn_insights', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '13593019095782943937');
\else
\echo already migrated: 21 turn_insights
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 22) AS pending \gset
\if :pending
\echo applying 22 recordings

-- What was heard and said in a call, as sound: Opus in Ogg, in segments of ten seconds.
--
--   * Both sides lie in one file, which is the segments one after the other behind a header that is the same for each
--     session. One that is missing was lost, and is silence when the call is played.
--   * A segment is sealed with its session's key, bound to its number; only then does it leave the worker. It comes by the
--     spool, as messages do. Erasing a person deletes it and destroys the key: in a backup it opens with none.
--   * It follows its session. Merging moves nothing. When a month's words are put away its sound is deleted: it is in no file.
--   * As with calls of tools, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE recording_segments (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  session_id  uuid NOT NULL,
  number      int NOT NULL CHECK (number >= 0),
  sound_ct    bytea NOT NULL,                    -- nonce 12, pages, tag 16
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, number, tenant_id)
);
SELECT isolate_tenant('recording_segments');
-- Nothing is gained by compressing what is encrypted, and its length is read without it.
ALTER TABLE recording_segments ALTER COLUMN sound_ct SET STORAGE EXTERNAL;
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON recording_segments FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON recording_segments FOR EACH ROW EXECUTE FUNCTION drop_erased();

-- Deletes of a month that is over, and whose words this tenant has in a file, what is in no file: recordings and what turns
-- say. So many rows of each at most, so that nobody waits for a month of sound; how many it were, 0 at the end.
CREATE FUNCTION delete_retired(name text, at_most int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  month record;
  sounds bigint;
  turns bigint;
BEGIN
  SELECT r.low, r.high INTO month FROM retired_partitions(0) r
    JOIN message_archives a ON a.partition = r.name AND a.tenant_id = current_tenant() WHERE r.name = delete_retired.name;
  IF NOT FOUND THEN RETURN 0; END IF;
  DELETE FROM recording_segments WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM recording_segments r
     WHERE r.session_id >= month.low AND r.session_id < month.high AND r.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS sounds = ROW_COUNT;
  DELETE FROM turn_insights WHERE ctid = ANY (ARRAY(
    SELECT i.ctid FROM turn_insights i
     WHERE i.session_id >= month.low AND i.session_id < month.high AND i.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS turns = ROW_COUNT;
  RETURN sounds + turns;
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  DELETE FROM turn_insights i WHERE i.session_id = ANY (calls);
  DELETE FROM recording_segments r WHERE r.session_id = ANY (calls);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (22, 'recordings', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '3072093849078404707');
\else
\echo already migrated: 22 recordings
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 23) AS pending \gset
\if :pending
\echo applying 23 leads

-- How near people are to taking what the company offers: what happened in their calls, and what that comes to.
--
--   * An event is there once for its cause, however often it is told: any replay finds it there.
--   * It belongs to its call, and through that to whoever owns the call now. A merge moves no event and copies none.
--   * Ids of the pack, kinds, counts and times, no word of a caller's: readable until the person is erased.
--   * A score is made by the program, from the events of all calls of a person; its formula is nowhere in SQL. The row here
--     is what it came to last, for lists and queries. Two rows are never added.
--   * Whatever changes what a score is made of puts the profile on lead_dues, in its own transaction: an event, a call, a
--     merge, an unmerge, what is known of them. A mark is fresh each time; a score is stored only while the mark that it was made for stands.

CREATE TABLE lead_events (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  session_id  uuid NOT NULL,           -- no reference: a start that is late must not keep it out
  cause       text NOT NULL CHECK (length(cause) BETWEEN 1 AND 400),
  kind        text NOT NULL CHECK (kind IN ('product_seen', 'interest', 'objection', 'callback', 'appointment', 'document_sent',
                                            'sentiment', 'qualification', 'selling_off')),
  item        text CHECK (length(item) BETWEEN 1 AND 255),
  value       smallint NOT NULL,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, cause, tenant_id)
);
SELECT isolate_tenant('lead_events');

CREATE TABLE lead_scores (
  profile_id          uuid PRIMARY KEY,
  tenant_id           int NOT NULL DEFAULT current_tenant(),
  formula             int NOT NULL,    -- grows when the program makes something else of the same events
  events              int NOT NULL CHECK (events >= 0),
  engagement_score    double precision NOT NULL CHECK (engagement_score BETWEEN 0 AND 10),
  intent_to_buy_score double precision NOT NULL CHECK (intent_to_buy_score BETWEEN 0 AND 10),
  total_score         double precision NOT NULL CHECK (total_score BETWEEN 0 AND 20),
  lead_temperature    text NOT NULL CHECK (lead_temperature IN ('hot', 'warm', 'cold')),
  is_qualified        boolean NOT NULL,
  second_score        double precision NOT NULL CHECK (second_score BETWEEN 0 AND 20),  -- as of scored_at: it falls with time
  second_temperature  text NOT NULL CHECK (second_temperature IN ('hot', 'warm', 'cold')),
  selling_off_topic   text,            -- nothing is sold to them until then
  selling_off_until   timestamptz,
  wanted              int NOT NULL,    -- things that they want
  objections          int NOT NULL,
  appointments        int NOT NULL,
  callbacks           int NOT NULL,
  documents           int NOT NULL,
  last_event_at       timestamptz,
  facts               jsonb NOT NULL,  -- what the score was made of
  scored_at           timestamptz NOT NULL,
  CONSTRAINT off_until_some_time CHECK ((selling_off_topic IS NULL) = (selling_off_until IS NULL))
);
SELECT isolate_tenant('lead_scores');
CREATE INDEX lead_scores_total ON lead_scores (tenant_id, total_score DESC, profile_id DESC);
CREATE INDEX lead_scores_age ON lead_scores (tenant_id, scored_at);

CREATE TABLE lead_dues (
  profile_id uuid PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  mark       uuid NOT NULL DEFAULT gen_random_uuid()
);
SELECT isolate_tenant('lead_dues');

-- The scores of these are to be made anew. In one order: who marks and who stores wait for each other and no circle forms.
CREATE FUNCTION mark_leads(profiles uuid[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO lead_dues (profile_id) SELECT DISTINCT p FROM unnest(profiles) p WHERE p IS NOT NULL ORDER BY p
  ON CONFLICT (profile_id) DO UPDATE SET mark = gen_random_uuid()
$$;

-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION mark_leads_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY(
    SELECT coalesce(u.merged_into_profile_id, u.id) FROM (SELECT DISTINCT session_id FROM added) a
      JOIN session_rows s USING (session_id) JOIN user_profiles u ON u.id = s.home_profile_id));
  RETURN NULL;
END $$;
CREATE TRIGGER c_due AFTER INSERT ON lead_events REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION mark_leads_of_events();

-- Calls count, and a start that is late brings the events that came before it.
CREATE FUNCTION mark_leads_of_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY(SELECT profile_id FROM added));
  RETURN NULL;
END $$;
CREATE TRIGGER d_due AFTER INSERT ON session_rows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION mark_leads_of_sessions();

CREATE FUNCTION mark_leads_of_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY[NEW.id, OLD.merged_into_profile_id, NEW.merged_into_profile_id]);
  RETURN NULL;
END $$;
CREATE TRIGGER e_due AFTER UPDATE OF merged_into_profile_id ON user_profiles FOR EACH ROW
  WHEN (OLD.merged_into_profile_id IS DISTINCT FROM NEW.merged_into_profile_id)
  EXECUTE FUNCTION mark_leads_of_profile();
-- How much is known of a person is a part of their score.
CREATE TRIGGER f_due AFTER UPDATE OF name_ct, phone_ct, email_ct, profile_metadata ON user_profiles FOR EACH ROW
  WHEN ((OLD.name_ct IS NULL, OLD.phone_ct IS NULL, OLD.email_ct IS NULL, OLD.profile_metadata)
        IS DISTINCT FROM (NEW.name_ct IS NULL, NEW.phone_ct IS NULL, NEW.email_ct IS NULL, NEW.profile_metadata))
  EXECUTE FUNCTION mark_leads_of_profile();

-- Stores scores for the marks that they were made for: of one whose mark is another by now nothing, because something happened
-- meanwhile. A profile that is not live has no score. Does not wait for the server's disk: what a crash takes back of it is
-- due again, because mark and score are of one transaction. Returns whose score was stored.
CREATE FUNCTION store_lead_scores(made jsonb) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  settled uuid[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM identity_lock(false);
  PERFORM 1 FROM lead_dues d WHERE d.profile_id IN (SELECT m.profile_id FROM jsonb_to_recordset(made) AS m(profile_id uuid))
    ORDER BY d.profile_id FOR UPDATE;
  WITH gone AS (
    DELETE FROM lead_dues d USING jsonb_to_recordset(made) AS m(profile_id uuid, mark uuid)
     WHERE d.profile_id = m.profile_id AND d.mark = m.mark RETURNING d.profile_id)
  SELECT coalesce(array_agg(gone.profile_id), '{}') INTO settled FROM gone;
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (settled)
     AND NOT EXISTS (SELECT FROM user_profiles u WHERE u.id = l.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL);
  RETURN QUERY
  INSERT INTO lead_scores AS l (profile_id, formula, events, engagement_score, intent_to_buy_score, total_score, lead_temperature,
         is_qualified, second_score, second_temperature, selling_off_topic, selling_off_until, wanted, objections, appointments,
         callbacks, documents, last_event_at, facts, scored_at)
  SELECT s.profile_id, s.formula, s.events, s.engagement_score, s.intent_to_buy_score, s.total_score, s.lead_temperature,
         s.is_qualified, s.second_score, s.second_temperature, s.selling_off_topic, s.selling_off_until, s.wanted, s.objections,
         s.appointments, s.callbacks, s.documents, s.last_event_at, s.facts, s.scored_at
    FROM jsonb_array_elements(made) m, jsonb_populate_record(NULL::lead_scores, m) s
    JOIN user_profiles u ON u.id = s.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL
   WHERE s.profile_id = ANY (settled) AND s.facts IS NOT NULL
   ORDER BY s.profile_id
  ON CONFLICT (profile_id) DO UPDATE SET
         formula = excluded.formula, events = excluded.events, engagement_score = excluded.engagement_score,
         intent_to_buy_score = excluded.intent_to_buy_score, total_score = excluded.total_score,
         lead_temperature = excluded.lead_temperature, is_qualified = excluded.is_qualified, second_score = excluded.second_score,
         second_temperature = excluded.second_temperature, selling_off_topic = excluded.selling_off_topic,
         selling_off_until = excluded.selling_off_until, wanted = excluded.wanted, objections = excluded.objections,
         appointments = excluded.appointments, callbacks = excluded.callbacks, documents = excluded.documents,
         last_event_at = excluded.last_event_at, facts = excluded.facts, scored_at = excluded.scored_at
  RETURNING l.profile_id;
END $$;

-- Live people with a score.
CREATE VIEW leads WITH (security_invoker = true) AS
  SELECT u.id AS profile_id, u.tenant_id, u.profile_type, u.username, u.anonymous_id, u.total_sessions, u.first_seen_at, u.last_seen_at,
         l.engagement_score, l.intent_to_buy_score, l.total_score, l.lead_temperature, l.is_qualified, l.second_score, l.second_temperature,
         CASE WHEN l.selling_off_until > now() THEN l.selling_off_topic END AS selling_off_topic,
         CASE WHEN l.selling_off_until > now() THEN l.selling_off_until END AS selling_off_until,
         l.wanted, l.objections, l.appointments, l.callbacks, l.documents, l.events, l.last_event_at, l.facts, l.scored_at
    FROM lead_scores l JOIN user_profiles u ON u.id = l.profile_id
   WHERE u.merged_into_profile_id IS NULL AND u.erased_at IS NULL;

CREATE VIEW hot_leads WITH (security_invoker = true) AS
  SELECT * FROM leads WHERE lead_temperature = 'hot';

-- They want something, and it leads nowhere: no day was agreed on and nobody calls them back, and they hesitated twice or said
-- nothing for a week.
CREATE VIEW stuck_leads WITH (security_invoker = true) AS
  SELECT * FROM leads
   WHERE wanted > 0 AND appointments = 0 AND callbacks = 0 AND (objections >= 2 OR last_event_at < now() - interval '7 days');

-- Three of the ten points of intent are for an appointment and three for two things that are wanted: that much or more.
CREATE VIEW high_intent_leads WITH (security_invoker = true) AS
  SELECT * FROM leads WHERE intent_to_buy_score >= 6;

-- People by the names that sales tools give these columns: SET search_path = sales_names, public.
DO $$
BEGIN
  CREATE SCHEMA sales_names;
  CREATE VIEW sales_names.user_profiles WITH (security_invoker = true) AS
    SELECT coalesce(l.username, l.anonymous_id, l.profile_id::text) AS user_id, l.profile_id, l.tenant_id, l.profile_type,
           l.first_seen_at AS created_at, l.last_seen_at AS last_active, l.total_sessions,
           l.engagement_score, l.intent_to_buy_score, l.lead_temperature, l.is_qualified,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.key, 'name', replace(v.key, '_', ' '), 'view_count', v.value::int) ORDER BY v.value::int DESC, v.key), '[]')
              FROM jsonb_each_text(l.facts -> 'views') v) AS properties_viewed,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', i.key, 'name', replace(i.key, '_', ' '), 'interest_level', i.value) ORDER BY i.key), '[]')
              FROM jsonb_each_text(l.facts -> 'interests') i) AS interested_projects,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('type', o.key, 'count', o.value::int) ORDER BY o.key), '[]')
              FROM jsonb_each_text(l.facts -> 'objections') o) AS objections_history,
           l.facts -> 'sentiments' AS sentiment_history,
           l.appointments AS site_visits_scheduled, l.callbacks AS callbacks_requested, l.documents AS brochures_downloaded
      FROM leads l;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'so that sales tools find their names, whoever owns the database should run: GRANT CREATE ON DATABASE % TO %, and migrate a new database', quote_ident(current_database()), quote_ident(current_user);
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  DELETE FROM turn_insights i WHERE i.session_id = ANY (calls);
  DELETE FROM recording_segments r WHERE r.session_id = ANY (calls);
  DELETE FROM lead_events e WHERE e.session_id = ANY (calls);
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (tree);
  DELETE FROM lead_dues d WHERE d.profile_id = ANY (tree);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives, lead_scores, lead_dues'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, lead_events, recording_segments, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks, lead_scores, lead_dues'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, lead_events, lead_scores, lead_dues, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks, lead_events, lead_scores, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE OR REPLACE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace AND pg_has_role(p.proowner, 'USAGE')
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
  FOR g IN SELECT w.role, w.rights, w.tab FROM table_rights() w WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = w.role)
     UNION SELECT 'identity_admin', w.rights, w.tab FROM table_rights() w
            WHERE w.role = 'app_writer' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'identity_admin') LOOP
    EXECUTE format('GRANT %s ON %I TO %I', g.rights, g.tab, g.role);
  END LOOP;
  -- The names that sales tools know, for whoever reads leads.
  FOR g IN SELECT DISTINCT w.role FROM table_rights() w JOIN pg_roles r ON r.rolname = w.role
            WHERE w.tab = 'leads' AND to_regclass('sales_names.user_profiles') IS NOT NULL LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA sales_names TO %I', g.role);
    EXECUTE format('GRANT SELECT ON sales_names.user_profiles TO %I', g.role);
  END LOOP;
END $$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (23, 'leads', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '11632505734156385650');
\else
\echo already migrated: 23 leads
\endif

-- ------------------------------------------------------------------------------------------
SELECT NOT EXISTS (SELECT FROM refinery_schema_history WHERE version = 24) AS pending \gset
\if :pending
\echo applying 24 facts

-- What is known of a person, as far as they said it: a fact for each value that a turn, a form, a tool or a page showed.
--
--   * Append only. Nothing is replaced: of a key the newest counts where it is read. "Forget my budget" is a row, too.
--   * A fact belongs to the session that learned it, and so to whoever owns that: merging and unmerging move nothing.
--   * Its value is sealed with its session's key, unless the pack marks its key as one that is searched for: that is
--     readable, like topics, until the person is erased. Which key it is of is readable always.
--   * It comes by the spool, behind its turn; the same words always give the same rows. When a month's words are put away
--     it is deleted: it is in no file, and what somebody said two years ago is nobody's profile. The wish to be sold
--     nothing stays.
--   * As with messages, no reference to session_rows: a start that is late must not keep it out.

CREATE TABLE facts (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  session_id uuid NOT NULL,
  seq        int NOT NULL CHECK (seq >= 0),                -- the turn
  place      smallint NOT NULL CHECK (place BETWEEN 0 AND 99),  -- in the turn
  key        text NOT NULL CHECK (length(key) BETWEEN 1 AND 60),   -- of the pack, 'selling', or '*' for all others
  what       text NOT NULL CHECK (what IN ('holds', 'denied', 'forgotten')),
  value      text CHECK (length(value) BETWEEN 1 AND 200),
  value_ct   bytea CHECK (length(value_ct) <= 1000),
  confidence smallint NOT NULL CHECK (confidence BETWEEN 0 AND 100),  -- hundredths
  source     text NOT NULL CHECK (source IN ('said', 'form', 'tool', 'page', 'inferred')),
  learned_at timestamptz NOT NULL,
  expires_at timestamptz,                                  -- it does not count from then on
  PRIMARY KEY (session_id, seq, place, source, tenant_id),
  CHECK (num_nonnulls(value, value_ct) = CASE WHEN what = 'forgotten' THEN 0 ELSE 1 END)
);
SELECT isolate_tenant('facts');
CREATE INDEX facts_values ON facts (tenant_id, key, value) WHERE value IS NOT NULL;
-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON facts FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON facts FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON facts FOR EACH STATEMENT EXECUTE FUNCTION append_only();

-- Deletes of a month that is over, and whose words this tenant has in a file, what is in no file: recordings, what turns
-- say and what was learned in them. So many rows of each at most, so that nobody waits for a month of sound; how many it were, 0 at the end.
CREATE OR REPLACE FUNCTION delete_retired(name text, at_most int) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  month record;
  sounds bigint;
  turns bigint;
  known bigint;
BEGIN
  SELECT r.low, r.high INTO month FROM retired_partitions(0) r
    JOIN message_archives a ON a.partition = r.name AND a.tenant_id = current_tenant() WHERE r.name = delete_retired.name;
  IF NOT FOUND THEN RETURN 0; END IF;
  DELETE FROM recording_segments WHERE ctid = ANY (ARRAY(
    SELECT r.ctid FROM recording_segments r
     WHERE r.session_id >= month.low AND r.session_id < month.high AND r.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS sounds = ROW_COUNT;
  DELETE FROM turn_insights WHERE ctid = ANY (ARRAY(
    SELECT i.ctid FROM turn_insights i
     WHERE i.session_id >= month.low AND i.session_id < month.high AND i.tenant_id = current_tenant() LIMIT at_most));
  GET DIAGNOSTICS turns = ROW_COUNT;
  DELETE FROM facts WHERE ctid = ANY (ARRAY(
    SELECT f.ctid FROM facts f
     WHERE f.session_id >= month.low AND f.session_id < month.high AND f.tenant_id = current_tenant() AND f.key <> 'selling' LIMIT at_most));
  GET DIAGNOSTICS known = ROW_COUNT;
  RETURN sounds + turns + known;
END $$;

-- What else says something of these people: overwritten where the row counts, deleted where not.
-- Messages and calls of tools stay as they are: they are sealed, and their keys are gone.
CREATE OR REPLACE FUNCTION erase_traces(tree uuid[], calls uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM room_locks l USING session_rows s WHERE s.session_id = ANY (calls) AND l.room = s.room_id;
  UPDATE session_rows s SET room_id = 'erased', participant_id = 'erased', caller_bidx = NULL, metrics = '{}' WHERE s.session_id = ANY (calls);
  DELETE FROM summary_tokens t WHERE t.session_id = ANY (calls);
  UPDATE callbacks c SET phone_ct = NULL, reason_ct = NULL, wanted_ct = NULL, note_ct = NULL,
         done_at = coalesce(c.done_at, now()), done_by = coalesce(c.done_by, 'erased')
   WHERE c.session_id = ANY (calls);
  DELETE FROM draft_asks d WHERE d.session_id = ANY (calls);
  DELETE FROM left_tasks l WHERE l.session_id = ANY (calls);
  DELETE FROM turn_insights i WHERE i.session_id = ANY (calls);
  DELETE FROM facts f WHERE f.session_id = ANY (calls);
  DELETE FROM recording_segments r WHERE r.session_id = ANY (calls);
  DELETE FROM lead_events e WHERE e.session_id = ANY (calls);
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (tree);
  DELETE FROM lead_dues d WHERE d.profile_id = ANY (tree);
  UPDATE auth_attempts a SET challenge_id = NULL, address = NULL
   WHERE a.session_id = ANY (calls) OR a.challenge_id IN (SELECT c.challenge_id FROM auth_challenges c WHERE c.profile_id = ANY (tree));
  DELETE FROM auth_challenges c WHERE c.session_id = ANY (calls) OR c.profile_id = ANY (tree);
  UPDATE profile_merges m SET source_before = NULL, target_before = NULL, imported = '{}', reason = NULL, reverted_reason = NULL
   WHERE ARRAY[m.source_id, m.target_id, m.requested_source, m.requested_target] && tree;
END $$;

-- What each role may do with the tables.
CREATE OR REPLACE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives, lead_scores, lead_dues'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, lead_events, recording_segments, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks, lead_scores, lead_dues'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, recording_segments, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, lead_events, lead_scores, lead_dues, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, facts, recording_segments, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks, lead_events, lead_scores, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, text_meanings, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'INSERT, DELETE', 'draft_asks'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents, text_meanings')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

SELECT grant_roles();

INSERT INTO refinery_schema_history (version, name, applied_on, checksum)
VALUES (24, 'facts', to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '8148979036608375844');
\else
\echo already migrated: 24 facts
\endif

COMMIT;
\echo the database is up to date
