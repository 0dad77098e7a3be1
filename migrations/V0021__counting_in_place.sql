-- Each message counts on its session and its profile. PostgreSQL can write the new version of such
-- a row beside the old one and leave all indexes alone (a HOT update), unless a column that some
-- index uses has changed. Three indexes used what every message changes, so each message wrote
-- sixteen index entries; measured with 200 calls at once, most of a batch's time went there.
--
--   * user_profiles_last_seen served no query.
--   * Open sessions are few: their index need not be in the order of their activity.
--   * Whether a session's last message is covered by an anchor is a column of its own, which
--     changes with the first message after an anchor and not with each.

DROP INDEX user_profiles_last_seen;

DROP INDEX agent_sessions_open;
CREATE INDEX session_rows_open ON session_rows (tenant_id, session_id) WHERE status = 'active';

DROP INDEX session_rows_unanchored;
ALTER TABLE session_rows ADD COLUMN unanchored boolean NOT NULL
  GENERATED ALWAYS AS (chain_head IS NOT NULL AND last_seq IS DISTINCT FROM anchored_seq) STORED;
CREATE INDEX session_rows_unanchored ON session_rows (tenant_id, session_id) WHERE unanchored;

-- The view is not asked for it. A session inserted into the view is stored by the names of the
-- columns: one that is worked out cannot be given.
CREATE OR REPLACE FUNCTION insert_session() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  names text;
BEGIN
  SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) INTO names
    FROM pg_attribute WHERE attrelid = 'agent_sessions'::regclass AND attnum > 0 AND NOT attisdropped;
  EXECUTE format('INSERT INTO session_rows (%1$s) SELECT %1$s FROM (SELECT ($1).*) new RETURNING %1$s', names) USING NEW INTO NEW;
  RETURN NEW;
END $$;

-- As before, in fewer steps: the new rows are looked at once, sessions and profiles are found by
-- their keys and not through the view, and a batch of one call (most are) takes no lock before
-- it updates, because one row has no order.
CREATE OR REPLACE FUNCTION count_messages() RETURNS trigger LANGUAGE plpgsql AS $$
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
