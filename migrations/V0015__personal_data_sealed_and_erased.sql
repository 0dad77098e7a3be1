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
