-- What follows a call: its summary, whatever dies in between; proofs kept outside; months that are
-- put away.
--
--   * A summary is owed from the moment a session ends, in the same transaction, and again when a
--     turn comes late. Workers claim what is owed; one that dies lets its claim run out; what fails
--     again and again is parked for a person to look at.
--   * anchored_seq is how far the session's chain is covered by a signed anchor outside the
--     database. Times cannot say that: a turn may be flushed long after it was said.
--   * Counters count what was said, wherever it is kept: putting a month's messages away changes
--     none. Recounting skips the ids of such a month.

CREATE TABLE outbox (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  topic      text NOT NULL CHECK (topic IN ('summary')),
  dedupe_key text NOT NULL,            -- the session
  round      int NOT NULL DEFAULT 1,   -- grows when it is owed again: who did an earlier round is not done
  attempts   int NOT NULL DEFAULT 0,   -- of this round
  next_at    timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  done_at    timestamptz,
  parked_at  timestamptz,              -- given up until a person asks for it again
  error      text,                     -- of the last attempt; no personal data
  UNIQUE (tenant_id, topic, dedupe_key)
);
CREATE INDEX outbox_due ON outbox (tenant_id, next_at) WHERE done_at IS NULL AND parked_at IS NULL;
CREATE INDEX outbox_parked ON outbox (tenant_id, parked_at) WHERE parked_at IS NOT NULL;
CREATE INDEX outbox_done ON outbox (done_at) WHERE done_at IS NOT NULL;

CREATE FUNCTION owe_summary(session uuid) RETURNS void LANGUAGE sql AS $$
  INSERT INTO outbox (topic, dedupe_key) VALUES ('summary', session::text)
  ON CONFLICT (tenant_id, topic, dedupe_key)
  DO UPDATE SET round = outbox.round + 1, attempts = 0, next_at = now(), done_at = NULL, parked_at = NULL, error = NULL
$$;
CREATE FUNCTION owe_summary_of_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM owe_summary(NEW.session_id); RETURN NULL; END $$;
-- At its end; at its end after all (an abandoned one whose worker was only slow); at a late turn.
CREATE TRIGGER owe_summary AFTER UPDATE OF status, last_seq ON session_rows FOR EACH ROW
  WHEN (NEW.status <> 'active' AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.last_seq IS DISTINCT FROM NEW.last_seq))
  EXECUTE FUNCTION owe_summary_of_session();

-- Claims up to this many, or the one of a session, for so long. Two claimers never get the same.
CREATE FUNCTION claim_summaries(session uuid, at_most int, lease interval)
RETURNS TABLE (item bigint, of_session uuid, of_round int, attempt int) LANGUAGE sql AS $$
  WITH due AS (
    SELECT o.id FROM outbox o
     WHERE o.tenant_id = current_tenant() AND o.topic = 'summary' AND o.done_at IS NULL AND o.parked_at IS NULL AND o.next_at <= now()
       AND (session IS NULL OR o.dedupe_key = session::text)
     ORDER BY o.next_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  UPDATE outbox o SET attempts = o.attempts + 1, next_at = now() + lease FROM due WHERE o.id = due.id
  RETURNING o.id, o.dedupe_key::uuid, o.round, o.attempts
$$;

-- Summaries owed by sessions of before, or lost by hand; how many.
CREATE FUNCTION owe_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE sql AS $$
  SELECT count(owe_summary(s.session_id))::int
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.done_at IS NULL)
$$;

ALTER TABLE session_rows ADD COLUMN anchored_seq int;
SELECT make_owner_view('agent_sessions', 'session_rows',
  'SELECT coalesce(u.merged_into_profile_id, u.id) FROM user_profiles u WHERE u.id = r.home_profile_id');
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id)
  WHERE chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq;

-- A tenant's messages of one month, written to a file and no longer here.
CREATE TABLE message_archives (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  partition   text NOT NULL,
  low         uuid NOT NULL,           -- ids from low to below high
  high        uuid NOT NULL,
  messages    bigint NOT NULL,
  file        text NOT NULL,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  archived_at timestamptz NOT NULL DEFAULT now(),
  dropped_at  timestamptz,             -- NULL: in the file and still here
  PRIMARY KEY (tenant_id, partition)
);

CREATE FUNCTION is_archived(session uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT FROM message_archives a
                  WHERE a.tenant_id = current_tenant() AND a.dropped_at IS NOT NULL AND session >= a.low AND session < a.high)
$$;

-- Months that are over for so many months, oldest first.
CREATE FUNCTION retired_partitions(keep_months int) RETURNS TABLE (name text, low uuid, high uuid) LANGUAGE sql STABLE AS $$
  SELECT c.relname::text, v7_floor(b.first), v7_floor((b.first AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC')
    FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    CROSS JOIN LATERAL (SELECT to_date(right(c.relname, 7), 'YYYY_MM')::timestamp AT TIME ZONE 'UTC' AS first) b
   WHERE i.inhparent = 'conversation_messages'::regclass AND c.relname ~ '^conversation_messages_[0-9]{4}_[0-9]{2}$'
     AND b.first < date_trunc('month', now(), 'UTC') - make_interval(months => keep_months)
   ORDER BY 1
$$;

-- Detaches and drops a month once every tenant with messages in it has them in a file, by number.
-- 'dropped', 'not_archived' (of this or another tenant) or 'not_found'. As the owner, because a
-- tenant cannot see that another one has rows.
CREATE FUNCTION drop_archived_partition(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  unsafe boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  IF NOT EXISTS (SELECT FROM retired_partitions(0) r WHERE r.name = drop_archived_partition.name) THEN RETURN 'not_found'; END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
  ALTER TABLE message_archives NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('SELECT EXISTS (SELECT FROM (SELECT tenant_id, count(*) AS n FROM %I GROUP BY 1) m
                    LEFT JOIN message_archives a ON a.tenant_id = m.tenant_id AND a.partition = %L WHERE a.messages IS DISTINCT FROM m.n)', name, name) INTO unsafe;
  IF NOT unsafe THEN
    EXECUTE format('ALTER TABLE conversation_messages DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    UPDATE message_archives a SET dropped_at = now() WHERE a.partition = name;
  ELSE
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  END IF;
  ALTER TABLE message_archives FORCE ROW LEVEL SECURITY;
  RETURN CASE WHEN unsafe THEN 'not_archived' ELSE 'dropped' END;
END $$;
REVOKE EXECUTE ON FUNCTION drop_archived_partition(text) FROM PUBLIC;

DO $$
DECLARE
  t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['outbox', 'message_archives'] LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;

-- Sessions whose own numbers differ from their rows. Always empty; a night job looks.
CREATE VIEW session_drift WITH (security_invoker = true) AS
  SELECT s.session_id, s.message_count, s.last_seq, m.messages AS counted_messages, m.last_seq AS counted_last_seq
    FROM session_rows s
    CROSS JOIN LATERAL (SELECT count(*) AS messages, max(seq) AS last_seq FROM conversation_messages WHERE session_id = s.session_id) m
   WHERE (s.message_count <> m.messages OR s.last_seq IS DISTINCT FROM m.last_seq) AND NOT is_archived(s.session_id);

-- As before, and: a session that is put away counts as it says, not by rows.
CREATE OR REPLACE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT coalesce(h.merged_into_profile_id, h.id) AS profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM session_rows a JOIN user_profiles h ON h.id = a.home_profile_id
                 CROSS JOIN LATERAL (SELECT CASE WHEN is_archived(a.session_id) THEN a.message_count::bigint
                   ELSE (SELECT count(*) FROM conversation_messages WHERE session_id = a.session_id) END AS messages) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);
