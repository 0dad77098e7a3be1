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
