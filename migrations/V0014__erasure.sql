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

