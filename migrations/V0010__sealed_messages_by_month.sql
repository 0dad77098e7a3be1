-- conversation_messages anew: encrypted, chained by hash, and one partition for each month.
--
--   * content_ct is what the agent encrypted (database/src/message.rs); the key is never here.
--     Rows of before keep their readable content and have no hash.
--   * row_hash covers the row as stored and the hash before it (database/src/chain.rs). The
--     session keeps the hash of its last row, so that a tail cut off shows.
--   * A session's id is a UUIDv7, so its month is known from the id and a session lies in one
--     partition, however long it lasts. Ids of other months go to the default partition, whose
--     being empty a night job watches.
--   * No reference to agent_sessions: a start that is late must not keep the turns out. Turns
--     without a session are counted when it comes, and are found by orphaned_messages until then.

CREATE FUNCTION v7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- When an id was made, or NULL if it is no UUIDv7.
CREATE FUNCTION v7_time(id uuid) RETURNS timestamptz LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT CASE WHEN substr(id::text, 15, 1) = '7'
              THEN to_timestamp(('x' || substr(replace(id::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0) END
$$;

DROP VIEW counter_drift;
ALTER TABLE conversation_messages RENAME TO messages_before;
ALTER INDEX conversation_messages_created RENAME TO messages_before_created;
ALTER TABLE messages_before RENAME CONSTRAINT conversation_messages_pkey TO messages_before_pkey;

CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content     text,                    -- rows of before alone; erasing a person empties it
  content_ct  bytea,                   -- redacted before it is encrypted
  redacted    boolean NOT NULL DEFAULT false,
  started_ms  int,                     -- media time since the track began
  ended_ms    int,
  interrupted boolean NOT NULL DEFAULT false,
  sentiment   smallint CHECK (sentiment BETWEEN -100 AND 100),
  intent      text,
  tool_name   text,
  latency_ms  int,                     -- end of speech to first audio
  meta        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  row_hash    bytea CHECK (length(row_hash) = 32),
  CONSTRAINT conversation_messages_pkey PRIMARY KEY (session_id, seq),
  CONSTRAINT hashed_means_encrypted CHECK ((row_hash IS NULL) = (content_ct IS NULL)),
  CONSTRAINT never_twice_the_words CHECK (content IS NULL OR content_ct IS NULL)
) PARTITION BY RANGE (session_id);
CREATE INDEX conversation_messages_created ON conversation_messages USING brin (created_at);

-- The hash of the session's last message (the highest seq), kept by count_messages.
ALTER TABLE agent_sessions ADD COLUMN chain_head bytea CHECK (length(chain_head) = 32);

-- Statement triggers of the parent do not fire for a statement on a partition, and its policy
-- does not apply to one: a partition therefore has its own, and takes rows from the parent alone.
CREATE FUNCTION through_the_parent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'messages are inserted into conversation_messages, not into %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE FUNCTION guard_partition(name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %I FOR EACH STATEMENT EXECUTE FUNCTION append_only()', name);
  EXECUTE format('CREATE TRIGGER through_the_parent BEFORE INSERT ON %I FOR EACH STATEMENT EXECUTE FUNCTION through_the_parent()', name);
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', name);
END $$;
REVOKE EXECUTE ON FUNCTION guard_partition(text) FROM PUBLIC;

-- A month's partition; true if it was missing. Rows of that month that went to the default
-- partition meanwhile are moved, without being counted again.
CREATE FUNCTION make_message_partition(month timestamptz) RETURNS boolean LANGUAGE plpgsql
  SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamptz := date_trunc('month', month, 'UTC');
  low uuid := v7_floor(first);
  high uuid := v7_floor((first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC');
  name text := 'conversation_messages_' || to_char(first AT TIME ZONE 'UTC', 'YYYY_MM');
  misplaced boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  IF to_regclass(quote_ident(name)) IS NOT NULL THEN RETURN false; END IF;
  EXECUTE format('CREATE TABLE %I (LIKE conversation_messages INCLUDING ALL)', name);
  ALTER TABLE conversation_messages_default NO FORCE ROW LEVEL SECURITY;
  SELECT EXISTS (SELECT FROM conversation_messages_default WHERE session_id >= low AND session_id < high) INTO misplaced;
  IF misplaced THEN
    ALTER TABLE conversation_messages_default DISABLE TRIGGER append_only;
    EXECUTE format('INSERT INTO %I SELECT * FROM conversation_messages_default WHERE session_id >= $1 AND session_id < $2', name) USING low, high;
    DELETE FROM conversation_messages_default WHERE session_id >= low AND session_id < high;
    ALTER TABLE conversation_messages_default ENABLE TRIGGER append_only;
  END IF;
  ALTER TABLE conversation_messages_default FORCE ROW LEVEL SECURITY;
  -- Attaching keeps readers and writers of the other partitions out of nothing, as creating a
  -- partition in place would.
  EXECUTE format('ALTER TABLE conversation_messages ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', name, low, high);
  PERFORM guard_partition(name);
  RETURN true;
END $$;

-- This month's partition and those of the months to come; how many were missing.
CREATE FUNCTION make_message_partitions(months_ahead int) RETURNS int LANGUAGE sql AS $$
  SELECT count(*)::int FROM generate_series(0, months_ahead) n
   WHERE make_message_partition(now() + make_interval(months => n))
$$;

CREATE TABLE conversation_messages_default PARTITION OF conversation_messages DEFAULT;
SELECT guard_partition('conversation_messages_default');
SELECT make_message_partitions(3);

-- Every tenant's rows, also where the migrating role is no superuser. No trigger is there yet to
-- count them again.
ALTER TABLE messages_before NO FORCE ROW LEVEL SECURITY;
SELECT make_message_partition(month) FROM (
  SELECT DISTINCT date_trunc('month', v7_time(session_id), 'UTC') AS month FROM messages_before WHERE v7_time(session_id) < now()) m;
INSERT INTO conversation_messages (session_id, seq, tenant_id, role, content, redacted, started_ms, ended_ms, interrupted, sentiment,
                                   intent, tool_name, latency_ms, meta, created_at)
  SELECT session_id, seq, tenant_id, role, content, redacted, started_ms, ended_ms, interrupted, sentiment,
         intent, tool_name, latency_ms, meta, created_at FROM messages_before;
DROP TABLE messages_before;

ALTER TABLE conversation_messages ENABLE ROW LEVEL SECURITY;
ALTER TABLE conversation_messages FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON conversation_messages USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant());
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conversation_messages
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- A session and turns that came before it may be stored at the same moment: each would miss the
-- other. Whoever stores either holds this until the end of its transaction.
CREATE FUNCTION session_gate(session uuid) RETURNS void LANGUAGE sql AS
$$ SELECT pg_advisory_xact_lock(uuid_hash_extended(session, 7004)) $$;
CREATE FUNCTION take_session_gate() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM session_gate(NEW.session_id); RETURN NEW; END $$;
CREATE TRIGGER a_gate BEFORE INSERT ON agent_sessions FOR EACH ROW EXECUTE FUNCTION take_session_gate();

-- As before, and: the chain's head, and turns whose session is not there yet, which nobody counts
-- until count_sessions does.
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM added) THEN RETURN NULL; END IF;
  PERFORM session_gate(m.session_id) FROM (
    SELECT DISTINCT a.session_id FROM added a
     WHERE NOT EXISTS (SELECT FROM agent_sessions s WHERE s.session_id = a.session_id) ORDER BY 1) m;
  IF EXISTS (SELECT FROM added m JOIN agent_sessions s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  PERFORM 1 FROM agent_sessions WHERE session_id IN (SELECT session_id FROM added) ORDER BY session_id FOR NO KEY UPDATE;
  UPDATE agent_sessions s
     SET message_count = s.message_count + c.messages,
         last_seq = greatest(s.last_seq, c.last_seq),
         chain_head = CASE WHEN c.last_seq > coalesce(s.last_seq, -1) THEN c.head ELSE s.chain_head END,
         -- A message flushed late was still said when it was said.
         last_activity_at = greatest(s.last_activity_at, c.latest)
    FROM (SELECT session_id, count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head,
                 least(max(created_at), now()) AS latest
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

-- As before, and: turns that came first are counted now.
CREATE OR REPLACE FUNCTION count_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  WITH early AS (
    SELECT a.session_id, m.* FROM added a CROSS JOIN LATERAL (
      SELECT count(*) AS messages, max(seq) AS last_seq, (array_agg(row_hash ORDER BY seq DESC))[1] AS head, least(max(created_at), now()) AS latest
        FROM conversation_messages WHERE session_id = a.session_id AND tenant_id = a.tenant_id) m
     WHERE m.messages > 0)
  UPDATE agent_sessions s
     SET message_count = s.message_count + e.messages, last_seq = e.last_seq, chain_head = e.head,
         last_activity_at = greatest(s.last_activity_at, e.latest)
    FROM early e WHERE s.session_id = e.session_id;
  PERFORM 1 FROM user_profiles WHERE id IN (SELECT profile_id FROM added) ORDER BY id FOR NO KEY UPDATE;
  UPDATE user_profiles u
     SET total_sessions = u.total_sessions + c.sessions, total_messages = u.total_messages + c.messages,
         last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM (SELECT s.profile_id, count(*) AS sessions, sum(s.message_count) AS messages, least(max(s.started_at), now()) AS latest
            FROM added a JOIN agent_sessions s USING (session_id) GROUP BY 1) c
   WHERE u.id = c.profile_id;
  RETURN NULL;
END $$;

-- Sessions whose turns are here and whose start never came.
CREATE VIEW orphaned_messages WITH (security_invoker = true) AS
  SELECT m.session_id, count(*) AS messages, min(m.created_at) AS first_at, max(m.created_at) AS last_at
    FROM conversation_messages m
   WHERE NOT EXISTS (SELECT FROM agent_sessions s WHERE s.session_id = m.session_id)
   GROUP BY m.session_id;

-- Profiles whose counters differ from the rows. Always empty; a night job looks.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT a.profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM agent_sessions a
                 CROSS JOIN LATERAL (SELECT count(*) AS messages FROM conversation_messages WHERE session_id = a.session_id) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);
