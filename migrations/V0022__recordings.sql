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
