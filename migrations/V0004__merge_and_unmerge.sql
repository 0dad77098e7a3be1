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
