-- The heart of the record: who called (profiles), each call (sessions), what was said
-- (messages), and what it came to (summaries).
--
-- Why this shape:
--   * A message's key is (session_id, seq) from the first migration on, so that whatever is
--     retried after a lost reply cannot store a turn twice.
--   * Messages carry no profile. They follow their session, so joining two profiles costs one
--     update per session, however much was said.
--   * A merged profile keeps its row and points at its live profile, which is what makes an
--     exact unmerge possible. Its counters are zero by CHECK, so no query can count it twice.
--   * Every row names its tenant; the default comes from the setting app.tenant.

CREATE TYPE profile_kind AS ENUM ('anonymous', 'authenticated');
CREATE TYPE msg_role AS ENUM ('user', 'assistant', 'system', 'tool');
CREATE TYPE sentiment3 AS ENUM ('positive', 'neutral', 'negative');
CREATE TYPE resolution AS ENUM ('resolved', 'escalated', 'incomplete');

-- The tenant of this connection, or NULL. After a SET LOCAL ends, the setting is an empty
-- string rather than absent, and a plain cast of that would be an error: hence NULLIF.
CREATE FUNCTION current_tenant() RETURNS int LANGUAGE sql STABLE PARALLEL SAFE AS
$$ SELECT NULLIF(current_setting('app.tenant', true), '')::int $$;

-- psql and other tools that set nothing work on tenant 1. PostgreSQL lets a superuser store
-- this default; where another role migrates, the notice says what a superuser should run.
-- The application does not depend on it: its connections name their tenant.
DO $$
BEGIN
  EXECUTE format('ALTER DATABASE %I SET app.tenant = %L', current_database(), '1');
EXCEPTION WHEN insufficient_privilege THEN
  RAISE NOTICE 'so that psql sees rows, a superuser should run: ALTER DATABASE % SET app.tenant = ''1''', quote_ident(current_database());
END $$;
-- The session that migrates started before that default.
SELECT set_config('app.tenant', coalesce(current_tenant()::text, '1'), false);

CREATE TABLE user_profiles (
  id                     uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id              int NOT NULL DEFAULT current_tenant(),
  profile_type           profile_kind NOT NULL,
  anonymous_id           text CHECK (length(anonymous_id) BETWEEN 1 AND 255),
  username               text CHECK (length(username) BETWEEN 1 AND 255 AND username = btrim(username)),
  phone_number           text CHECK (phone_number ~ '^\+[1-9][0-9]{6,14}$'),   -- E.164
  email                  text CHECK (length(email) <= 320 AND email LIKE '%_@_%'),
  profile_metadata       jsonb NOT NULL DEFAULT '{}'
                         CHECK (jsonb_typeof(profile_metadata) = 'object' AND pg_column_size(profile_metadata) < 65536),
  -- For each key of profile_metadata: the profile, session and turn that it was learned from.
  metadata_provenance    jsonb NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(metadata_provenance) = 'object'),
  total_sessions         int NOT NULL DEFAULT 0 CHECK (total_sessions >= 0),
  total_messages         bigint NOT NULL DEFAULT 0 CHECK (total_messages >= 0),
  engagement_score       numeric(4,2) NOT NULL DEFAULT 0 CHECK (engagement_score BETWEEN 0 AND 10),
  intent_score           numeric(4,2) NOT NULL DEFAULT 0 CHECK (intent_score BETWEEN 0 AND 10),
  lead_temperature       text NOT NULL DEFAULT 'cold' CHECK (lead_temperature IN ('hot', 'warm', 'cold')),
  score_version          smallint NOT NULL DEFAULT 1,
  scored_at              timestamptz,
  consent                jsonb NOT NULL DEFAULT '{}',
  -- Who this probably is, by device or number. Never a key: see start_session.
  hint_profile_id        uuid REFERENCES user_profiles,
  merged_into_profile_id uuid REFERENCES user_profiles,
  merged_at              timestamptz,
  erased_at              timestamptz,
  version                bigint NOT NULL DEFAULT 1,
  first_seen_at          timestamptz NOT NULL DEFAULT now(),
  last_seen_at           timestamptz NOT NULL DEFAULT now(),
  updated_at             timestamptz NOT NULL DEFAULT now(),
  CONSTRAINT never_merged_into_itself CHECK (merged_into_profile_id IS DISTINCT FROM id),
  CONSTRAINT merged_means_dated CHECK ((merged_into_profile_id IS NULL) = (merged_at IS NULL)),
  CONSTRAINT merged_counts_nothing CHECK (merged_into_profile_id IS NULL OR (total_sessions = 0 AND total_messages = 0)),
  CONSTRAINT anonymous_has_an_id CHECK (profile_type <> 'anonymous' OR anonymous_id IS NOT NULL OR erased_at IS NOT NULL),
  CONSTRAINT authenticated_has_a_name CHECK (profile_type <> 'authenticated' OR username IS NOT NULL OR erased_at IS NOT NULL)
) WITH (fillfactor = 80);  -- counters change in place

CREATE UNIQUE INDEX user_profiles_live_username ON user_profiles (tenant_id, lower(username))
  WHERE username IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE UNIQUE INDEX user_profiles_live_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE profile_type = 'anonymous' AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_anonymous_id ON user_profiles (tenant_id, anonymous_id)
  WHERE merged_into_profile_id IS NOT NULL;
CREATE INDEX user_profiles_phone ON user_profiles (tenant_id, phone_number)
  WHERE phone_number IS NOT NULL AND merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_merged_into ON user_profiles (merged_into_profile_id)
  WHERE merged_into_profile_id IS NOT NULL;
CREATE INDEX user_profiles_last_seen ON user_profiles (tenant_id, last_seen_at DESC)
  WHERE merged_into_profile_id IS NULL;
CREATE INDEX user_profiles_leads ON user_profiles (tenant_id, lead_temperature, (engagement_score + intent_score) DESC)
  WHERE merged_into_profile_id IS NULL;

-- One identifier may have been seen with several profiles (a shared phone); a verified one
-- belongs to exactly one.
CREATE TABLE profile_identifiers (
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  kind              text NOT NULL CHECK (kind IN ('anonymous_id', 'participant', 'phone', 'email', 'username', 'customer_no')),
  value             text NOT NULL CHECK (length(value) BETWEEN 1 AND 320),
  profile_id        uuid NOT NULL REFERENCES user_profiles,
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,
  verified          boolean NOT NULL DEFAULT false,
  first_seen_at     timestamptz NOT NULL DEFAULT now(),
  last_seen_at      timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, kind, value, origin_profile_id)
);
CREATE UNIQUE INDEX profile_identifiers_verified ON profile_identifiers (tenant_id, kind, value) WHERE verified;
CREATE INDEX profile_identifiers_profile ON profile_identifiers (profile_id);
CREATE INDEX profile_identifiers_origin ON profile_identifiers (origin_profile_id);

-- Values that would make strangers share a profile, added to the list built into
-- is_blocked_identifier. The pattern is a regular expression for the whole value.
CREATE TABLE blocked_identifiers (
  tenant_id int NOT NULL DEFAULT current_tenant(),
  kind      text NOT NULL CHECK (kind IN ('*', 'anonymous_id', 'participant', 'phone', 'username')),
  pattern   text NOT NULL,
  PRIMARY KEY (tenant_id, kind, pattern)
);

CREATE TABLE agent_sessions (
  session_id        uuid PRIMARY KEY,  -- a UUIDv7 minted by the agent: ordered by time
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  room_id           text NOT NULL,
  participant_id    text NOT NULL,
  profile_id        uuid NOT NULL REFERENCES user_profiles,  -- always a live profile
  origin_profile_id uuid NOT NULL REFERENCES user_profiles,  -- the profile it began with; never changes
  channel           text NOT NULL DEFAULT 'web' CHECK (channel IN ('web', 'phone')),
  caller_number     text,              -- as the telephone network claims it: a hint
  returning_caller  boolean NOT NULL DEFAULT false,
  auth_level        smallint NOT NULL DEFAULT 0 CHECK (auth_level BETWEEN 0 AND 3),
  authenticated_at  timestamptz,
  status            text NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'ended', 'abandoned')),
  end_reason        text,
  worker_id         text,
  started_at        timestamptz NOT NULL DEFAULT now(),
  ended_at          timestamptz,
  last_activity_at  timestamptz NOT NULL DEFAULT now(),
  message_count     int NOT NULL DEFAULT 0 CHECK (message_count >= 0),
  last_seq          int,
  metrics           jsonb NOT NULL DEFAULT '{}',
  CONSTRAINT active_means_not_ended CHECK ((status = 'active') = (ended_at IS NULL)),
  CONSTRAINT ends_after_it_starts CHECK (ended_at >= started_at)
) WITH (fillfactor = 80);
CREATE INDEX agent_sessions_profile ON agent_sessions (profile_id, started_at DESC);
CREATE INDEX agent_sessions_origin ON agent_sessions (origin_profile_id);
CREATE INDEX agent_sessions_recent ON agent_sessions (tenant_id, started_at DESC, session_id DESC);
CREATE INDEX agent_sessions_open ON agent_sessions (last_activity_at) WHERE status = 'active';
CREATE INDEX agent_sessions_number ON agent_sessions (tenant_id, caller_number) WHERE caller_number IS NOT NULL;

-- Written once, when final: see the append-only triggers of the next migration.
CREATE TABLE conversation_messages (
  session_id  uuid NOT NULL REFERENCES agent_sessions,
  seq         int NOT NULL CHECK (seq >= 0),
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  role        msg_role NOT NULL,
  content     text NOT NULL,           -- redacted before it comes here
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
  PRIMARY KEY (session_id, seq)
);
CREATE INDEX conversation_messages_created ON conversation_messages USING brin (created_at);

CREATE TABLE conversation_summaries (
  session_id        uuid PRIMARY KEY REFERENCES agent_sessions,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  profile_id        uuid NOT NULL REFERENCES user_profiles,  -- the session's, kept so by trigger
  summary           text NOT NULL,
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
CREATE INDEX conversation_summaries_profile ON conversation_summaries (profile_id, created_at DESC);
CREATE INDEX conversation_summaries_topics ON conversation_summaries USING gin (topics);
CREATE INDEX conversation_summaries_sentiment ON conversation_summaries (sentiment, created_at DESC);
CREATE INDEX conversation_summaries_text ON conversation_summaries USING gin (to_tsvector('simple', summary));

CREATE TABLE lead_events (
  session_id uuid NOT NULL REFERENCES agent_sessions,
  kind       text NOT NULL CHECK (kind IN ('product_view', 'interest', 'objection', 'callback', 'visit', 'brochure', 'sentiment', 'qualify')),
  subject    text NOT NULL DEFAULT '',
  at         timestamptz NOT NULL,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  profile_id uuid NOT NULL REFERENCES user_profiles,  -- the session's, kept so by trigger
  level      smallint,
  n          int NOT NULL DEFAULT 1,
  PRIMARY KEY (session_id, kind, subject, at)
);
CREATE INDEX lead_events_profile ON lead_events (profile_id, kind, at DESC);
