-- Who may do what. The program connects as a member of these roles, not as the owner:
--
--   app_reader      reads                                  app_writer      a worker: reads, records calls
--   supervisor      a page for listening in: reads calls, keeps callbacks
--   auditor         reads who did what; no words, no names, no keys
--   identity_admin  an administrator's commands: what a worker does, and merge, unmerge, import,
--                   erase, rotate
--
--   * Policies hold for all of them; none may pass row-level security.
--   * What needs more than its caller may do (a merge when a caller proved who they are, an
--     erasure) runs as the owner, under the same policies, and only what is listed here may be
--     executed: nothing is left to PUBLIC. Roles that only read may run only what reads.
--   * Creating roles takes a right that the migrating role may lack. Then a notice says what a
--     superuser should run. grant_roles() may be run again at any time; `teller migrate` does.
--   * A migration that adds a table or a function replaces the function here that lists it.

DO $$
DECLARE
  r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['app_reader', 'app_writer', 'supervisor', 'auditor', 'identity_admin'] LOOP
    CONTINUE WHEN EXISTS (SELECT FROM pg_roles WHERE rolname = r);
    BEGIN
      EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS', r);
    EXCEPTION WHEN insufficient_privilege THEN
      RAISE NOTICE 'a superuser should run: CREATE ROLE % NOLOGIN; then the owner: SELECT grant_roles()', r;
    WHEN duplicate_object THEN NULL;  -- another database of this server was faster
    END;
  END LOOP;
END $$;

-- Functions that change who is who: never for a worker as itself.
CREATE FUNCTION is_identity_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('merge_profiles', 'unmerge_profile', 'erase_profile', 'erase_traces', 'import_traits', 'return_traits',
                  'restore_seen_times', 'record_merge_attempt', 'refile', 'check_counts', 'ensure_customer', 'set_contact',
                  'guard_partition', 'isolate_tenant', 'grant_roles', 'delete_tool_calls')
$$;

-- What somebody who only reads may run.
CREATE FUNCTION is_reading_function(name text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT name IN ('current_tenant', 'live_profile', 'sessions_of', 'is_archived', 'v7_floor', 'misplaced_messages', 'retired_partitions',
                  'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file')
$$;

-- What each role may do with the tables.
CREATE FUNCTION table_rights() RETURNS TABLE (role text, rights text, tab text) LANGUAGE sql IMMUTABLE AS $$
  SELECT w.role, w.rights, t.name FROM (VALUES
    -- What a worker records; it deletes only what runs out by itself.
    ('app_writer', 'SELECT, INSERT, UPDATE',
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, profile_identifiers, erased_sessions, message_archives'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, agent_instructions, system_config, counter_drift, session_drift'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives'),
    ('supervisor', 'UPDATE', 'callbacks'),
    ('supervisor', 'SELECT, INSERT', 'audit_log'),
    ('auditor', 'SELECT', 'profile_merges, erased_sessions, erased_identifiers, message_archives, key_files'),
    ('auditor', 'SELECT, INSERT', 'audit_log'),
    -- Beside what a worker may: an administrator sweeps, summarises, archives and retries, too.
    ('identity_admin', 'INSERT, UPDATE', 'system_config, knowledge_packs, rag_documents, agent_instructions, blocked_identifiers'),
    ('identity_admin', 'UPDATE', 'person_keys'),
    ('identity_admin', 'DELETE', 'blocked_identifiers, rag_documents')
  ) w(role, rights, tables), LATERAL regexp_split_to_table(w.tables, ', *') t(name)
$$;

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = current_schema()::regnamespace AND pg_has_role(p.proowner, 'USAGE')
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
  FOR g IN SELECT w.role, w.rights, w.tab FROM table_rights() w WHERE EXISTS (SELECT FROM pg_roles WHERE rolname = w.role)
     UNION SELECT 'identity_admin', w.rights, w.tab FROM table_rights() w
            WHERE w.role = 'app_writer' AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'identity_admin') LOOP
    EXECUTE format('GRANT %s ON %I TO %I', g.rights, g.tab, g.role);
  END LOOP;
END $$;

SELECT grant_roles();
