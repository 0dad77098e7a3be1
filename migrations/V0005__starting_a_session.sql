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
