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
