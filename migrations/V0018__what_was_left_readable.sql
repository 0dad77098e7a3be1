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
