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
