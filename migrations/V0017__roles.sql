-- Who may do what. The program connects as a member of these roles, not as the owner:
--
--   app_reader      reads                                  app_writer      a worker: reads, records calls
--   supervisor      a page for listening in: reads calls, keeps callbacks
--   auditor         reads who did what; no words, no names, no keys
--   identity_admin  an administrator's commands: merge, unmerge, import, erase, rotate
--
--   * Policies hold for all of them; none may pass row-level security.
--   * What needs more than its caller may do (a merge when a caller proved who they are, an
--     erasure) runs as the owner, under the same policies, and only what is listed here may be
--     executed: nothing is left to PUBLIC.
--   * Creating roles takes a right that the migrating role may lack. Then a notice says what a
--     superuser should run. grant_roles() may be run again at any time; `teller migrate` does.

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
  SELECT name IN ('merge_profiles', 'unmerge_profile', 'unmerge_living_profile', 'erase_profile', 'erase_traces', 'import_traits',
                  'return_traits', 'restore_seen_times', 'record_merge_attempt', 'refile', 'check_counts', 'ensure_customer', 'set_contact',
                  'guard_partition', 'make_owner_view', 'grant_roles')
$$;

ALTER FUNCTION merge_profiles(uuid, uuid, text, text, boolean, uuid) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION unmerge_profile(uuid, text, text) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION erase_profile(uuid, text) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION ensure_customer(uuid, int, bytea, text, bytea, bytea, bytea, bytea, bytea, text, boolean) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION set_contact(uuid, bytea, bytea, bytea, bytea, bytea) SECURITY DEFINER SET search_path FROM CURRENT;
ALTER FUNCTION authenticate_session(uuid, uuid, int, text) SECURITY DEFINER SET search_path FROM CURRENT;

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  f record;
  g record;
  schema text := current_schema();
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname::text AS name FROM pg_proc p
            WHERE p.pronamespace = schema::regnamespace AND pg_has_role(p.proowner, 'USAGE')
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e') LOOP
    EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', f.signature);
    FOR g IN SELECT r.name AS role FROM (VALUES ('app_writer', NOT is_identity_function(f.name)), ('app_reader', NOT is_identity_function(f.name)),
                ('supervisor', NOT is_identity_function(f.name)),
                ('identity_admin', NOT is_identity_function(f.name) OR f.name IN ('merge_profiles', 'unmerge_profile', 'erase_profile', 'ensure_customer', 'set_contact')),
                ('auditor', f.name IN ('current_tenant', 'audit', 'audit_hash', 'audit_chain', 'audit_broken_at', 'claim_key_file'))) r(name, allowed)
              WHERE r.allowed AND EXISTS (SELECT FROM pg_roles WHERE rolname = r.name) LOOP
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
  END LOOP;
END $$;

SELECT grant_roles();
