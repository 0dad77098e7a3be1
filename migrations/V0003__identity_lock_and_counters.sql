-- What must hold for every writer, psql and a second service included: rows go to the live
-- profile, and total_sessions and total_messages are exact.
--
-- The identity lock. Every writer of rows that depend on who is who takes it shared, in a
-- statement trigger; merging and unmerging take it exclusively. Writers are short and merges
-- rare, and PostgreSQL queues new shared requests behind a waiting exclusive one, so neither
-- starves. Inside it, rows are locked in one order: profiles, then sessions, by ascending id;
-- among holders of the shared form, sessions come first (only the message trigger locks both).
--
-- Counting is per statement, over the rows really inserted: a replay that ON CONFLICT skips is
-- not in the transition table and is not counted. Counters by row trigger deadlock or drift.

CREATE FUNCTION identity_lock(exclusive boolean) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_tenant() IS NULL THEN
    RAISE EXCEPTION 'app.tenant is not set: SET app.tenant = ''1'' first' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- A later isolation level would read a snapshot older than the lock it waited for.
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'identity changes need READ COMMITTED, not %', current_setting('transaction_isolation')
      USING ERRCODE = 'invalid_transaction_state';
  END IF;
  IF exclusive THEN
    PERFORM pg_advisory_xact_lock(7001, current_tenant());
  ELSE
    PERFORM pg_advisory_xact_lock_shared(7001, current_tenant());
  END IF;
END $$;

CREATE FUNCTION take_identity_lock() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM identity_lock(false); RETURN NULL; END $$;
CREATE TRIGGER a_lock BEFORE INSERT ON agent_sessions FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_summaries FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON lead_events FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER a_lock BEFORE INSERT ON profile_identifiers FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- Merged profiles form a forest of depth one, so one look-up resolves any of them.
CREATE FUNCTION live_profile(profile uuid) RETURNS uuid LANGUAGE sql STABLE AS
$$ SELECT coalesce(merged_into_profile_id, id) FROM user_profiles WHERE id = profile $$;

CREATE FUNCTION resolve_profile() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.origin_profile_id := coalesce(NEW.origin_profile_id, NEW.profile_id);
  NEW.profile_id := live_profile(NEW.profile_id);
  IF NEW.profile_id IS NULL THEN
    RAISE EXCEPTION 'profile % does not exist', NEW.origin_profile_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_resolve BEFORE INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION resolve_profile();
CREATE TRIGGER b_resolve BEFORE INSERT ON profile_identifiers FOR EACH ROW EXECUTE FUNCTION resolve_profile();

-- Summaries and lead events belong to whoever their session belongs to.
CREATE FUNCTION profile_of_session() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT s.profile_id INTO NEW.profile_id FROM agent_sessions s
   WHERE s.session_id = NEW.session_id AND s.tenant_id = NEW.tenant_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'session % does not exist', NEW.session_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER b_resolve BEFORE INSERT ON conversation_summaries FOR EACH ROW EXECUTE FUNCTION profile_of_session();
CREATE TRIGGER b_resolve BEFORE INSERT ON lead_events FOR EACH ROW EXECUTE FUNCTION profile_of_session();

-- Who owns a session changes by merging and unmerging alone: a plain UPDATE would leave two
-- counters wrong.
CREATE FUNCTION session_owner_is_fixed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.origin_profile_id <> OLD.origin_profile_id
     OR (NEW.profile_id <> OLD.profile_id AND coalesce(current_setting('app.moving_sessions', true), '') <> 'on') THEN
    RAISE EXCEPTION 'a session changes its profile by merge_profiles or unmerge_profile only'
      USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER owner_is_fixed BEFORE UPDATE OF profile_id, origin_profile_id ON agent_sessions
  FOR EACH ROW EXECUTE FUNCTION session_owner_is_fixed();

CREATE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT profile_id, count(*) AS sessions, least(max(started_at), now()) AS latest FROM added GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON agent_sessions REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_sessions();

CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
  IF EXISTS (SELECT FROM added m JOIN agent_sessions s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM 1 FROM agent_sessions WHERE session_id IN (SELECT session_id FROM added) ORDER BY session_id FOR NO KEY UPDATE;
  UPDATE agent_sessions s
     SET message_count = s.message_count + c.messages,
         last_seq = greatest(s.last_seq, c.last_seq),
         -- A message flushed late was still said when it was said.
         last_activity_at = greatest(s.last_activity_at, c.latest)
    FROM (SELECT session_id, count(*) AS messages, max(seq) AS last_seq, least(max(created_at), now()) AS latest
            FROM added GROUP BY 1) c
   WHERE s.session_id = c.session_id;
  PERFORM 1 FROM user_profiles
    WHERE id IN (SELECT s.profile_id FROM added JOIN agent_sessions s USING (session_id)) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_messages = u.total_messages + c.messages, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT s.profile_id, count(*) AS messages, least(max(m.created_at), now()) AS latest
            FROM added m JOIN agent_sessions s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- Profiles whose counters differ from the rows. Always empty; a night job may look.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT a.profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM agent_sessions a
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);
