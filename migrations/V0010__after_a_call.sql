-- What follows a call: its summary, whatever dies in between, and promises made to the caller.
--
--   * A summary is pending from the moment a session ends, in the same transaction, and again when
--     a turn comes late. Workers claim what is pending; a claim whose worker dies runs out; what
--     fails again and again is given up, for a person to look at.

CREATE TYPE sentiment3 AS ENUM ('positive', 'neutral', 'negative');
CREATE TYPE resolution AS ENUM ('resolved', 'escalated', 'incomplete');

CREATE TABLE summary_rows (
  session_id        uuid PRIMARY KEY REFERENCES session_rows,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  summary           text NOT NULL,
  -- Without the name that the caller stated, which is sealed in session_keys.
  extracted_info    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(extracted_info) = 'object'),
  sentiment         sentiment3 NOT NULL,
  resolution_status resolution NOT NULL,
  topics            text[] NOT NULL DEFAULT '{}',
  message_count     int NOT NULL CHECK (message_count >= 0),
  duration_seconds  int NOT NULL CHECK (duration_seconds >= 0),
  method            text NOT NULL DEFAULT 'rules',
  method_version    text NOT NULL DEFAULT '1',
  source_last_seq   int,               -- the last message the summary saw; NULL: there was none
  partial           boolean NOT NULL DEFAULT false,
  created_at        timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_tenant('summary_rows');
CREATE INDEX summary_rows_sentiment ON summary_rows (sentiment, created_at DESC);
CREATE TRIGGER a_lock BEFORE INSERT ON summary_rows FOR EACH STATEMENT EXECUTE FUNCTION take_identity_lock();
CREATE TRIGGER b_tenant BEFORE INSERT ON summary_rows FOR EACH ROW EXECUTE FUNCTION session_of_this_tenant();

-- A summary belongs to whoever its session belongs to. Takes INSERT, UPDATE and DELETE as a table does.
CREATE VIEW conversation_summaries WITH (security_invoker = true) AS
  SELECT r.session_id, r.tenant_id,
         (SELECT coalesce(u.merged_into_profile_id, u.id) FROM session_rows s JOIN user_profiles u ON u.id = s.home_profile_id
           WHERE s.session_id = r.session_id) AS profile_id,
         r.summary, r.extracted_info, r.sentiment, r.resolution_status, r.topics, r.message_count, r.duration_seconds,
         r.method, r.method_version, r.source_last_seq, r.partial, r.created_at
    FROM summary_rows r;

-- A caller reads their own summary once, by a random token that only they were given. The
-- hash alone is kept. No reference to the session: its row may be on its way.
CREATE TABLE summary_tokens (
  token_hash bytea PRIMARY KEY CHECK (length(token_hash) = 32),
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  session_id uuid NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
SELECT isolate_tenant('summary_tokens');
CREATE INDEX summary_tokens_expiry ON summary_tokens (expires_at);

-- Promises to call a caller back.
CREATE TABLE callbacks (
  callback_id  uuid PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL REFERENCES session_rows,
  phone_ct     bytea,
  reason_ct    bytea,
  requested_at timestamptz NOT NULL DEFAULT now(),
  done_at      timestamptz,
  done_by      text,
  CHECK ((done_at IS NULL) = (done_by IS NULL))
);
SELECT isolate_tenant('callbacks');
CREATE INDEX callbacks_open ON callbacks (tenant_id, requested_at) WHERE done_at IS NULL;
CREATE INDEX callbacks_session ON callbacks (session_id);

-- Work that must follow what was committed.
CREATE TABLE outbox (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  topic        text NOT NULL CHECK (topic IN ('summary')),
  dedupe_key   text NOT NULL,          -- the session
  round        int NOT NULL DEFAULT 1, -- grows when it is asked for again: an earlier round completes nothing
  attempts     int NOT NULL DEFAULT 0, -- of this round
  next_at      timestamptz NOT NULL DEFAULT now(),
  created_at   timestamptz NOT NULL DEFAULT now(),
  completed_at timestamptz,
  failed_at    timestamptz,            -- given up until a person asks for it again
  error        text,                   -- of the last attempt; no personal data
  UNIQUE (tenant_id, topic, dedupe_key)
);
SELECT isolate_tenant('outbox');
CREATE INDEX outbox_pending ON outbox (tenant_id, next_at) WHERE completed_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_failed ON outbox (tenant_id, failed_at) WHERE failed_at IS NOT NULL;
CREATE INDEX outbox_completed ON outbox (completed_at) WHERE completed_at IS NOT NULL;

CREATE FUNCTION enqueue_summary(session uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO outbox AS o (topic, dedupe_key) VALUES ('summary', session::text)
  ON CONFLICT (tenant_id, topic, dedupe_key)
  DO UPDATE SET round = o.round + 1, attempts = 0, next_at = now(), completed_at = NULL, failed_at = NULL, error = NULL;
END $$;
CREATE FUNCTION enqueue_summary_of_session() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM enqueue_summary(NEW.session_id); RETURN NULL; END $$;
-- At its end; at its end after all (an abandoned one whose worker was only slow); at a late turn.
CREATE TRIGGER enqueue_summary AFTER UPDATE OF status, last_seq ON session_rows FOR EACH ROW
  WHEN (NEW.status <> 'active' AND NEW.wants_summary AND (OLD.status IS DISTINCT FROM NEW.status OR OLD.last_seq IS DISTINCT FROM NEW.last_seq))
  EXECUTE FUNCTION enqueue_summary_of_session();

-- Claims up to this many, or the one of a session, for so long. Two claimers never get the same.
CREATE FUNCTION claim_summaries(session uuid, at_most int, lease interval)
RETURNS TABLE (item bigint, of_session uuid, of_round int, attempt int) LANGUAGE plpgsql AS $$
BEGIN
  -- A claim that a crash of the server takes back is made again: nobody waits for its disk.
  PERFORM set_config('synchronous_commit', 'off', true);
  RETURN QUERY
  WITH due AS (
    SELECT o.id FROM outbox o
     WHERE o.tenant_id = current_tenant() AND o.topic = 'summary' AND o.completed_at IS NULL AND o.failed_at IS NULL AND o.next_at <= now()
       AND (session IS NULL OR o.dedupe_key = session::text)
     ORDER BY o.next_at LIMIT at_most FOR UPDATE SKIP LOCKED)
  UPDATE outbox o SET attempts = o.attempts + 1, next_at = now() + lease FROM due WHERE o.id = due.id
  RETURNING o.id, o.dedupe_key::uuid, o.round, o.attempts;
END $$;

-- Summaries that are missing and not pending (lost by hand, or given up) become pending; how many.
CREATE FUNCTION enqueue_missing_summaries(ended_before timestamptz) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  missing uuid[];
BEGIN
  SELECT coalesce(array_agg(s.session_id ORDER BY s.session_id), '{}') INTO missing
    FROM session_rows s LEFT JOIN summary_rows c USING (session_id)
   WHERE s.status <> 'active' AND s.wants_summary AND s.ended_at < ended_before
     AND (c.session_id IS NULL OR coalesce(c.source_last_seq, -1) < coalesce(s.last_seq, -1))
     AND NOT EXISTS (SELECT FROM outbox o WHERE o.tenant_id = s.tenant_id AND o.topic = 'summary'
                        AND o.dedupe_key = s.session_id::text AND o.completed_at IS NULL AND o.failed_at IS NULL);
  PERFORM enqueue_summary(session) FROM unnest(missing) session;
  RETURN cardinality(missing);
END $$;
