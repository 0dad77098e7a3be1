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
