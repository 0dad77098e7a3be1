-- How near people are to taking what the company offers: what happened in their calls, and what that comes to.
--
--   * An event is there once for its cause, however often it is told: any replay finds it there.
--   * It belongs to its call, and through that to whoever owns the call now. A merge moves no event and copies none.
--   * Ids of the pack, kinds, counts and times, no word of a caller's: readable until the person is erased.
--   * A score is made by the program, from the events of all calls of a person; its formula is nowhere in SQL. The row here
--     is what it came to last, for lists and queries. Two rows are never added.
--   * Whatever changes what a score is made of puts the profile on lead_dues, in its own transaction: an event, a call, a
--     merge, an unmerge, what is known of them. A mark is fresh each time; a score is stored only while the mark that it was made for stands.

CREATE TABLE lead_events (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  session_id  uuid NOT NULL,           -- no reference: a start that is late must not keep it out
  cause       text NOT NULL CHECK (length(cause) BETWEEN 1 AND 400),
  kind        text NOT NULL CHECK (kind IN ('product_seen', 'interest', 'objection', 'callback', 'appointment', 'document_sent',
                                            'sentiment', 'qualification', 'selling_off')),
  item        text CHECK (length(item) BETWEEN 1 AND 255),
  value       smallint NOT NULL,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (session_id, cause, tenant_id)
);
SELECT isolate_tenant('lead_events');

CREATE TABLE lead_scores (
  profile_id          uuid PRIMARY KEY,
  tenant_id           int NOT NULL DEFAULT current_tenant(),
  formula             int NOT NULL,    -- grows when the program makes something else of the same events
  events              int NOT NULL CHECK (events >= 0),
  engagement_score    double precision NOT NULL CHECK (engagement_score BETWEEN 0 AND 10),
  intent_to_buy_score double precision NOT NULL CHECK (intent_to_buy_score BETWEEN 0 AND 10),
  total_score         double precision NOT NULL CHECK (total_score BETWEEN 0 AND 20),
  lead_temperature    text NOT NULL CHECK (lead_temperature IN ('hot', 'warm', 'cold')),
  is_qualified        boolean NOT NULL,
  second_score        double precision NOT NULL CHECK (second_score BETWEEN 0 AND 20),  -- as of scored_at: it falls with time
  second_temperature  text NOT NULL CHECK (second_temperature IN ('hot', 'warm', 'cold')),
  selling_off_topic   text,            -- nothing is sold to them until then
  selling_off_until   timestamptz,
  wanted              int NOT NULL,    -- things that they want
  objections          int NOT NULL,
  appointments        int NOT NULL,
  callbacks           int NOT NULL,
  documents           int NOT NULL,
  last_event_at       timestamptz,
  facts               jsonb NOT NULL,  -- what the score was made of
  scored_at           timestamptz NOT NULL,
  CONSTRAINT off_until_some_time CHECK ((selling_off_topic IS NULL) = (selling_off_until IS NULL))
);
SELECT isolate_tenant('lead_scores');
CREATE INDEX lead_scores_total ON lead_scores (tenant_id, total_score DESC, profile_id DESC);
CREATE INDEX lead_scores_age ON lead_scores (tenant_id, scored_at);

CREATE TABLE lead_dues (
  profile_id uuid PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  mark       uuid NOT NULL DEFAULT gen_random_uuid()
);
SELECT isolate_tenant('lead_dues');

-- The scores of these are to be made anew. In one order: who marks and who stores wait for each other and no circle forms.
CREATE FUNCTION mark_leads(profiles uuid[]) RETURNS void LANGUAGE sql AS $$
  INSERT INTO lead_dues (profile_id) SELECT DISTINCT p FROM unnest(profiles) p WHERE p IS NOT NULL ORDER BY p
  ON CONFLICT (profile_id) DO UPDATE SET mark = gen_random_uuid()
$$;

-- In one order with an erasure: it is there before it and goes, or comes after it and is turned away.
CREATE TRIGGER a_lock BEFORE INSERT ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_erased BEFORE INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION drop_erased();
CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION append_only();

CREATE FUNCTION mark_leads_of_events() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY(
    SELECT coalesce(u.merged_into_profile_id, u.id) FROM (SELECT DISTINCT session_id FROM added) a
      JOIN session_rows s USING (session_id) JOIN user_profiles u ON u.id = s.home_profile_id));
  RETURN NULL;
END $$;
CREATE TRIGGER c_due AFTER INSERT ON lead_events REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION mark_leads_of_events();

-- Calls count, and a start that is late brings the events that came before it.
CREATE FUNCTION mark_leads_of_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY(SELECT profile_id FROM added));
  RETURN NULL;
END $$;
CREATE TRIGGER d_due AFTER INSERT ON session_rows REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION mark_leads_of_sessions();

CREATE FUNCTION mark_leads_of_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM mark_leads(ARRAY[NEW.id, OLD.merged_into_profile_id, NEW.merged_into_profile_id]);
  RETURN NULL;
END $$;
CREATE TRIGGER e_due AFTER UPDATE OF merged_into_profile_id ON user_profiles FOR EACH ROW
  WHEN (OLD.merged_into_profile_id IS DISTINCT FROM NEW.merged_into_profile_id)
  EXECUTE FUNCTION mark_leads_of_profile();
-- How much is known of a person is a part of their score.
CREATE TRIGGER f_due AFTER UPDATE OF name_ct, phone_ct, email_ct, profile_metadata ON user_profiles FOR EACH ROW
  WHEN ((OLD.name_ct IS NULL, OLD.phone_ct IS NULL, OLD.email_ct IS NULL, OLD.profile_metadata)
        IS DISTINCT FROM (NEW.name_ct IS NULL, NEW.phone_ct IS NULL, NEW.email_ct IS NULL, NEW.profile_metadata))
  EXECUTE FUNCTION mark_leads_of_profile();

-- Stores scores for the marks that they were made for: of one whose mark is another by now nothing, because something happened
-- meanwhile. A profile that is not live has no score. Does not wait for the server's disk: what a crash takes back of it is
-- due again, because mark and score are of one transaction. Returns whose score was stored.
CREATE FUNCTION store_lead_scores(made jsonb) RETURNS SETOF uuid LANGUAGE plpgsql AS $$
DECLARE
  settled uuid[];
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM identity_lock(false);
  PERFORM 1 FROM lead_dues d WHERE d.profile_id IN (SELECT m.profile_id FROM jsonb_to_recordset(made) AS m(profile_id uuid))
    ORDER BY d.profile_id FOR UPDATE;
  WITH gone AS (
    DELETE FROM lead_dues d USING jsonb_to_recordset(made) AS m(profile_id uuid, mark uuid)
     WHERE d.profile_id = m.profile_id AND d.mark = m.mark RETURNING d.profile_id)
  SELECT coalesce(array_agg(gone.profile_id), '{}') INTO settled FROM gone;
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (settled)
     AND NOT EXISTS (SELECT FROM user_profiles u WHERE u.id = l.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL);
  RETURN QUERY
  INSERT INTO lead_scores AS l (profile_id, formula, events, engagement_score, intent_to_buy_score, total_score, lead_temperature,
         is_qualified, second_score, second_temperature, selling_off_topic, selling_off_until, wanted, objections, appointments,
         callbacks, documents, last_event_at, facts, scored_at)
  SELECT s.profile_id, s.formula, s.events, s.engagement_score, s.intent_to_buy_score, s.total_score, s.lead_temperature,
         s.is_qualified, s.second_score, s.second_temperature, s.selling_off_topic, s.selling_off_until, s.wanted, s.objections,
         s.appointments, s.callbacks, s.documents, s.last_event_at, s.facts, s.scored_at
    FROM jsonb_array_elements(made) m, jsonb_populate_record(NULL::lead_scores, m) s
    JOIN user_profiles u ON u.id = s.profile_id AND u.merged_into_profile_id IS NULL AND u.erased_at IS NULL
   WHERE s.profile_id = ANY (settled) AND s.facts IS NOT NULL
   ORDER BY s.profile_id
  ON CONFLICT (profile_id) DO UPDATE SET
         formula = excluded.formula, events = excluded.events, engagement_score = excluded.engagement_score,
         intent_to_buy_score = excluded.intent_to_buy_score, total_score = excluded.total_score,
         lead_temperature = excluded.lead_temperature, is_qualified = excluded.is_qualified, second_score = excluded.second_score,
         second_temperature = excluded.second_temperature, selling_off_topic = excluded.selling_off_topic,
         selling_off_until = excluded.selling_off_until, wanted = excluded.wanted, objections = excluded.objections,
         appointments = excluded.appointments, callbacks = excluded.callbacks, documents = excluded.documents,
         last_event_at = excluded.last_event_at, facts = excluded.facts, scored_at = excluded.scored_at
  RETURNING l.profile_id;
END $$;

-- Live people with a score.
CREATE VIEW leads WITH (security_invoker = true) AS
  SELECT u.id AS profile_id, u.tenant_id, u.profile_type, u.username, u.anonymous_id, u.total_sessions, u.first_seen_at, u.last_seen_at,
         l.engagement_score, l.intent_to_buy_score, l.total_score, l.lead_temperature, l.is_qualified, l.second_score, l.second_temperature,
         CASE WHEN l.selling_off_until > now() THEN l.selling_off_topic END AS selling_off_topic,
         CASE WHEN l.selling_off_until > now() THEN l.selling_off_until END AS selling_off_until,
         l.wanted, l.objections, l.appointments, l.callbacks, l.documents, l.events, l.last_event_at, l.facts, l.scored_at
    FROM lead_scores l JOIN user_profiles u ON u.id = l.profile_id
   WHERE u.merged_into_profile_id IS NULL AND u.erased_at IS NULL;

CREATE VIEW hot_leads WITH (security_invoker = true) AS
  SELECT * FROM leads WHERE lead_temperature = 'hot';

-- They want something, and it leads nowhere: no day was agreed on and nobody calls them back, and they hesitated twice or said
-- nothing for a week.
CREATE VIEW stuck_leads WITH (security_invoker = true) AS
  SELECT * FROM leads
   WHERE wanted > 0 AND appointments = 0 AND callbacks = 0 AND (objections >= 2 OR last_event_at < now() - interval '7 days');

-- Three of the ten points of intent are for an appointment and three for two things that are wanted: that much or more.
CREATE VIEW high_intent_leads WITH (security_invoker = true) AS
  SELECT * FROM leads WHERE intent_to_buy_score >= 6;

-- People by the names that sales tools give these columns: SET search_path = sales_names, public.
DO $$
BEGIN
  CREATE SCHEMA sales_names;
  CREATE VIEW sales_names.user_profiles WITH (security_invoker = true) AS
    SELECT coalesce(l.username, l.anonymous_id, l.profile_id::text) AS user_id, l.profile_id, l.tenant_id, l.profile_type,
           l.first_seen_at AS created_at, l.last_seen_at AS last_active, l.total_sessions,
           l.engagement_score, l.intent_to_buy_score, l.lead_temperature, l.is_qualified,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', v.key, 'name', replace(v.key, '_', ' '), 'view_count', v.value::int) ORDER BY v.value::int DESC, v.key), '[]')
              FROM jsonb_each_text(l.facts -> 'views') v) AS properties_viewed,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('id', i.key, 'name', replace(i.key, '_', ' '), 'interest_level', i.value) ORDER BY i.key), '[]')
              FROM jsonb_each_text(l.facts -> 'interests') i) AS interested_projects,
           (SELECT coalesce(jsonb_agg(jsonb_build_object('type', o.key, 'count', o.value::int) ORDER BY o.key), '[]')
              FROM jsonb_each_text(l.facts -> 'objections') o) AS objections_history,
           l.facts -> 'sentiments' AS sentiment_history,
           l.appointments AS site_visits_scheduled, l.callbacks AS callbacks_requested, l.documents AS brochures_downloaded
      FROM leads l;
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'so that sales tools find their names, whoever owns the database should run: GRANT CREATE ON DATABASE % TO %, and migrate a new database', quote_ident(current_database()), quote_ident(current_user);
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
  DELETE FROM lead_events e WHERE e.session_id = ANY (calls);
  DELETE FROM lead_scores l WHERE l.profile_id = ANY (tree);
  DELETE FROM lead_dues d WHERE d.profile_id = ANY (tree);
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
     'user_profiles, session_rows, summary_rows, conversation_summaries, workers, room_locks, summary_tokens, callbacks, auth_challenges, auth_attempts, outbox, left_tasks, profile_identifiers, erased_sessions, message_archives, lead_scores, lead_dues'),
    ('app_writer', 'SELECT, UPDATE', 'agent_sessions'),
    ('app_writer', 'SELECT, INSERT', 'conversation_messages, tool_calls, tool_call_outcomes, turn_insights, lead_events, recording_segments, person_keys, session_keys, key_files, audit_log'),
    ('app_writer', 'UPDATE, DELETE', 'profile_drains'),
    ('app_writer', 'DELETE', 'room_locks, summary_tokens, workers, outbox, left_tasks, lead_scores, lead_dues'),
    ('app_writer', 'SELECT',
     'profile_merges, profile_drains, erased_identifiers, blocked_identifiers, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('app_reader', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, workers, callbacks, profile_identifiers, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, audit_log, profile_merges, profile_drains, outbox, erased_sessions, message_archives, knowledge_packs, rag_documents, text_meanings, agent_instructions, system_config, counter_drift, session_drift, draft_asks, lead_events, lead_scores, lead_dues, leads, hot_leads, stuck_leads, high_intent_leads'),
    ('supervisor', 'SELECT',
     'user_profiles, session_rows, agent_sessions, summary_rows, conversation_summaries, conversation_messages, tool_calls, tool_call_outcomes, turn_insights, recording_segments, person_keys, session_keys, key_files, profile_merges, profile_drains, callbacks, erased_sessions, message_archives, draft_asks, lead_events, lead_scores, leads, hot_leads, stuck_leads, high_intent_leads'),
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

-- Takes everything from PUBLIC and gives each role that exists what it needs.
CREATE OR REPLACE FUNCTION grant_roles() RETURNS void LANGUAGE plpgsql AS $$
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
  -- The names that sales tools know, for whoever reads leads.
  FOR g IN SELECT DISTINCT w.role FROM table_rights() w JOIN pg_roles r ON r.rolname = w.role
            WHERE w.tab = 'leads' AND to_regclass('sales_names.user_profiles') IS NOT NULL LOOP
    EXECUTE format('GRANT USAGE ON SCHEMA sales_names TO %I', g.role);
    EXECUTE format('GRANT SELECT ON sales_names.user_profiles TO %I', g.role);
  END LOOP;
END $$;

SELECT grant_roles();
