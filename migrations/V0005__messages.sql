-- What was said, in one partition for each month, chained by hash.
--
--   * A message's key is (session_id, seq): whatever is retried after a lost reply cannot store a
--     turn twice. Messages carry no profile; they follow their session, so joining two profiles
--     changes no message, however much was said.
--   * content_ct is what the agent encrypted (database/src/message.rs); the key is never here.
--     row_hash covers the row as stored and the hash before it (database/src/message/canonical.rs). The
--     session keeps the hash of its last row, so that a tail cut off shows.
--   * A session's id is a UUIDv7, so its month is known from the id and a session lies in one
--     partition, however long it lasts. Ids of other months go to the default partition, whose
--     being empty a nightly job watches.
--   * No reference to session_rows: a start that is late must not keep the turns out. Turns without
--     a session are counted when it comes.

CREATE TYPE msg_role AS ENUM ('user', 'assistant', 'system', 'tool');

-- Written once, when final.
CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content_ct  bytea NOT NULL,          -- redacted before it is encrypted
  redacted    boolean NOT NULL DEFAULT false,
  started_ms  int,                     -- media time since the track began
  ended_ms    int,
  interrupted boolean NOT NULL DEFAULT false,
  intent      text,
  latency_ms  int,                     -- end of speech to first audio
  meta        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  row_hash    bytea NOT NULL CHECK (length(row_hash) = 32),
  PRIMARY KEY (session_id, seq)
) PARTITION BY RANGE (session_id);
SELECT isolate_tenant('conversation_messages');

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON conversation_messages
  FOR EACH STATEMENT EXECUTE FUNCTION append_only();
CREATE TRIGGER a_lock BEFORE INSERT ON conversation_messages FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();

-- The lowest id that can have been made at this moment.
CREATE FUNCTION v7_floor(moment timestamptz) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE AS
$$ SELECT (lpad(to_hex((extract(epoch FROM moment) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

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
  PERFORM isolate_tenant(name);
END $$;

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

-- Messages whose id names no month that has a partition. As the owner: nobody else reads a partition.
CREATE FUNCTION misplaced_messages() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path FROM CURRENT AS
$$ SELECT count(*) FROM conversation_messages_default $$;

-- Counts a statement's messages on their sessions and profiles.
--
-- PostgreSQL can write the new version of such a row beside the old one and leave all indexes alone
-- (a HOT update), unless a column that some index uses has changed: hence no index uses what each
-- message changes. The new rows are looked at once, sessions and profiles are found by their keys and
-- not through the view, and a batch of one call (most are) takes no lock before it updates, because
-- one row has no order.
CREATE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ids uuid[];
  counts bigint[];
  lasts int[];
  heads bytea[];
  times timestamptz[];
  late uuid[];
  owners uuid[];
BEGIN
  SELECT array_agg(c.id ORDER BY c.id), array_agg(c.messages ORDER BY c.id), array_agg(c.last_seq ORDER BY c.id),
         array_agg(c.head ORDER BY c.id), array_agg(c.latest ORDER BY c.id)
    INTO ids, counts, lasts, heads, times
    FROM (SELECT a.session_id AS id, count(*) AS messages, max(a.seq) AS last_seq, (array_agg(a.row_hash ORDER BY a.seq DESC))[1] AS head,
                 -- A message flushed late was still said when it was said.
                 least(max(a.created_at), now()) AS latest
            FROM added a GROUP BY 1) c;
  IF ids IS NULL THEN RETURN NULL; END IF;
  -- Turns whose session is not there yet: nobody counts them until count_sessions does.
  SELECT array_agg(id ORDER BY id) INTO late FROM unnest(ids) id WHERE NOT EXISTS (SELECT FROM session_rows s WHERE s.session_id = id);
  IF late IS NOT NULL THEN PERFORM session_gate(id) FROM unnest(late) id; END IF;
  IF EXISTS (SELECT FROM added m JOIN session_rows s USING (session_id) WHERE s.tenant_id <> m.tenant_id) THEN
    RAISE EXCEPTION 'a message and its session are of one tenant' USING ERRCODE = 'check_violation';
  END IF;
  IF cardinality(ids) > 1 THEN
    PERFORM 1 FROM session_rows s WHERE s.session_id = ANY (ids) ORDER BY s.session_id FOR NO KEY UPDATE;
  END IF;
  WITH counted AS (
    UPDATE session_rows s
       SET message_count = s.message_count + c.messages,
           last_seq = greatest(s.last_seq, c.last_seq),
           chain_head = CASE WHEN c.last_seq > coalesce(s.last_seq, -1) THEN c.head ELSE s.chain_head END,
           last_activity_at = greatest(s.last_activity_at, c.latest)
      FROM unnest(ids, counts, lasts, heads, times) c(id, messages, last_seq, head, latest)
     WHERE s.session_id = c.id RETURNING s.home_profile_id, c.messages, c.latest),
  owned AS (
    SELECT coalesce(h.merged_into_profile_id, h.id) AS id, sum(c.messages)::bigint AS messages, max(c.latest) AS latest
      FROM counted c JOIN user_profiles h ON h.id = c.home_profile_id GROUP BY 1)
  SELECT array_agg(o.id ORDER BY o.id), array_agg(o.messages ORDER BY o.id), array_agg(o.latest ORDER BY o.id) INTO owners, counts, times FROM owned o;
  IF cardinality(owners) > 1 THEN
    PERFORM 1 FROM user_profiles u WHERE u.id = ANY (owners) ORDER BY u.id FOR NO KEY UPDATE;
  END IF;
  UPDATE user_profiles u
     SET total_messages = u.total_messages + c.messages, last_seen_at = greatest(u.last_seen_at, c.latest)
    FROM unnest(owners, counts, times) c(id, messages, latest) WHERE u.id = c.id;
  RETURN NULL;
END $$;
CREATE TRIGGER c_count AFTER INSERT ON conversation_messages REFERENCING NEW TABLE AS added
  FOR EACH STATEMENT EXECUTE FUNCTION count_messages();

-- A tenant's messages and records of tools of one month, written to a file and no longer here. Counters count what was
-- said, wherever it is kept: putting a month away changes none.
CREATE TABLE message_archives (
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  partition   text NOT NULL,
  low         uuid NOT NULL,           -- ids from low to below high
  high        uuid NOT NULL,
  messages    bigint NOT NULL,
  tool_call_records bigint NOT NULL,   -- intents and outcomes
  file        text NOT NULL,
  sha256      bytea NOT NULL CHECK (length(sha256) = 32),
  archived_at timestamptz NOT NULL DEFAULT now(),
  dropped_at  timestamptz,             -- NULL: in the file and still here
  PRIMARY KEY (tenant_id, partition)
);
SELECT isolate_tenant('message_archives');

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

-- Detaches and drops a month, and the records of tools that were called in its sessions, once every
-- tenant with any has them in a file, by number. 'dropped', 'not_archived' (of this or another tenant)
-- or 'not_found'. As the owner, because a tenant cannot see that another one has rows.
CREATE FUNCTION drop_archived_partition(name text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  month record;
  unsafe boolean;
BEGIN
  PERFORM pg_advisory_xact_lock(7004, 0);
  SELECT r.low, r.high INTO month FROM retired_partitions(0) r WHERE r.name = drop_archived_partition.name;
  IF NOT FOUND THEN RETURN 'not_found'; END IF;
  EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', name);
  EXECUTE format('ALTER TABLE %I NO FORCE ROW LEVEL SECURITY', name);
  ALTER TABLE message_archives NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_calls NO FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_call_outcomes NO FORCE ROW LEVEL SECURITY;
  EXECUTE format('SELECT EXISTS (
      SELECT FROM (SELECT r.tenant_id, count(*) FILTER (WHERE r.said) AS messages, count(*) FILTER (WHERE NOT r.said) AS tool_call_records
                     FROM (SELECT tenant_id, true AS said FROM %I
                           UNION ALL SELECT tenant_id, false FROM tool_calls WHERE session_id >= $1 AND session_id < $2
                           UNION ALL SELECT tenant_id, false FROM tool_call_outcomes WHERE session_id >= $1 AND session_id < $2) r
                    GROUP BY 1) held
        LEFT JOIN message_archives a ON a.tenant_id = held.tenant_id AND a.partition = %L
       WHERE (a.messages, a.tool_call_records) IS DISTINCT FROM (held.messages, held.tool_call_records))', name, name)
    INTO unsafe USING month.low, month.high;
  IF NOT unsafe THEN
    EXECUTE format('ALTER TABLE conversation_messages DETACH PARTITION %I', name);
    EXECUTE format('DROP TABLE %I', name);
    PERFORM delete_tool_calls(month.low, month.high);
    UPDATE message_archives a SET dropped_at = now() WHERE a.partition = name;
  ELSE
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
  END IF;
  ALTER TABLE message_archives FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_calls FORCE ROW LEVEL SECURITY;
  ALTER TABLE tool_call_outcomes FORCE ROW LEVEL SECURITY;
  RETURN CASE WHEN unsafe THEN 'not_archived' ELSE 'dropped' END;
END $$;

-- Sessions whose own numbers differ from their rows. Always empty; a nightly job looks.
CREATE VIEW session_drift WITH (security_invoker = true) AS
  SELECT s.session_id, s.message_count, s.last_seq, m.messages AS counted_messages, m.last_seq AS counted_last_seq
    FROM session_rows s
    CROSS JOIN LATERAL (SELECT count(*) AS messages, max(seq) AS last_seq FROM conversation_messages WHERE session_id = s.session_id) m
   WHERE (s.message_count <> m.messages OR s.last_seq IS DISTINCT FROM m.last_seq) AND NOT is_archived(s.session_id);

-- Profiles whose counters differ from the rows, whoever they are filed under. Always empty; a
-- nightly job looks. A session that is put away counts as it says, not by rows.
CREATE VIEW counter_drift WITH (security_invoker = true) AS
  SELECT u.id, u.total_sessions, u.total_messages,
         coalesce(s.sessions, 0) AS counted_sessions, coalesce(s.messages, 0) AS counted_messages
    FROM user_profiles u
    LEFT JOIN (SELECT coalesce(h.merged_into_profile_id, h.id) AS profile_id, count(*) AS sessions, sum(m.messages) AS messages
                 FROM session_rows a JOIN user_profiles h ON h.id = a.home_profile_id
                 CROSS JOIN LATERAL (SELECT CASE WHEN is_archived(a.session_id) THEN a.message_count::bigint
                   ELSE (SELECT count(*) FROM conversation_messages WHERE session_id = a.session_id) END AS messages) m
                GROUP BY 1) s ON s.profile_id = u.id
   WHERE u.total_sessions <> coalesce(s.sessions, 0) OR u.total_messages <> coalesce(s.messages, 0);
