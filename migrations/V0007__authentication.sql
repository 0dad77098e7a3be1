-- Proving who a caller is, by a one-time code sent to the number that we already hold.
--
--   * Unknown customer, wrong number and right one look the same from outside: each opens a
--     challenge, and only the right one's code is ever sent. Limits that a caller can see count
--     what the caller claimed and where they came from, never what we found; the limit on what
--     we found is silent.
--   * A code is kept as a salted hash, lives five minutes and dies after three attempts. An
--     attempt is counted before it is judged, so parallel guesses get no extra ones.

CREATE TABLE auth_challenges (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL,          -- no reference: the session's row may be on its way
  claim        text NOT NULL,          -- what the caller said: kind and value, lower case
  address      text,                   -- where the caller came from: an IP address or a SIP number
  profile_id   uuid REFERENCES user_profiles,  -- NULL: the claim matched nobody
  sent         boolean NOT NULL DEFAULT false,
  salt         bytea NOT NULL,
  code_hash    bytea NOT NULL,
  attempts     smallint NOT NULL DEFAULT 0,
  max_attempts smallint NOT NULL CHECK (max_attempts BETWEEN 1 AND 10),
  created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  expires_at   timestamptz NOT NULL,
  consumed_at  timestamptz,
  CHECK (attempts <= max_attempts)
);
CREATE INDEX auth_challenges_session ON auth_challenges (session_id, created_at DESC);
CREATE INDEX auth_challenges_claim ON auth_challenges (tenant_id, claim, created_at);
CREATE INDEX auth_challenges_address ON auth_challenges (tenant_id, address, created_at);
CREATE INDEX auth_challenges_profile ON auth_challenges (profile_id, created_at);

-- Every attempt at a code, by outcome; never the code.
CREATE TABLE auth_attempts (
  id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  challenge_id uuid REFERENCES auth_challenges,
  session_id   uuid NOT NULL,
  address      text,
  outcome      text NOT NULL CHECK (outcome IN ('verified', 'wrong', 'expired', 'exhausted', 'used', 'none')),
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX auth_attempts_session ON auth_attempts (session_id, at);

-- The one live customer that a claim names, or NULL. Digits typed on a keypad are a customer
-- number, or a telephone number in international or national form.
CREATE FUNCTION claimed_customer(claim_kind text, claimed text, phone text) RETURNS uuid LANGUAGE sql STABLE AS $$
  WITH found AS (
    SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'username' AND lower(u.username) = lower(claimed)
       AND (phone IS NULL OR u.phone_number = phone)
       AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
    UNION SELECT i.profile_id FROM profile_identifiers i
     WHERE claim_kind = 'digits' AND i.kind = 'customer_no' AND i.verified AND i.value = claimed AND i.tenant_id = current_tenant()
    UNION SELECT u.id FROM user_profiles u
     WHERE claim_kind = 'digits' AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
       AND (u.phone_number = '+' || regexp_replace(claimed, '^00', '')
            OR (claimed ~ '^0[1-9][0-9]{6,}$' AND u.phone_number LIKE '+%' || substr(claimed, 2))))
  SELECT min(u.id::text)::uuid FROM user_profiles u JOIN found USING (id)
   WHERE u.profile_type = 'authenticated' AND u.erased_at IS NULL HAVING count(*) = 1
$$;

-- limits: expires_s, max_attempts, window_s, per_claim, per_address, per_profile, per_profile_day.
-- 'limited' can be told to the caller; 'started' without a number means that nothing is sent.
CREATE FUNCTION start_challenge(session uuid, claim_kind text, claimed text, phone text, from_address text,
  code_salt bytea, hash bytea, limits jsonb, OUT outcome text, OUT challenge uuid, OUT send_to text, OUT retry_after_s int) LANGUAGE plpgsql AS $$
DECLARE
  claim_key text := claim_kind || ':' || lower(claimed);
  since timestamptz := clock_timestamp() - make_interval(secs => (limits ->> 'window_s')::int);
  customer uuid;
  oldest timestamptz;
BEGIN
  -- One start at a time for each tenant: two that count together could both pass a limit.
  PERFORM pg_advisory_xact_lock(7003, current_tenant());
  SELECT min(created_at) INTO oldest FROM auth_challenges
   WHERE tenant_id = current_tenant() AND claim = claim_key AND created_at > since HAVING count(*) >= (limits ->> 'per_claim')::int;
  IF oldest IS NULL THEN
    SELECT min(created_at) INTO oldest FROM auth_challenges
     WHERE tenant_id = current_tenant() AND address = from_address AND created_at > since HAVING count(*) >= (limits ->> 'per_address')::int;
  END IF;
  IF oldest IS NOT NULL THEN
    outcome := 'limited';
    retry_after_s := greatest(1, ceil(extract(epoch FROM oldest - since)));
    PERFORM audit('caller', 'auth.limited', 'session', session::text);
    RETURN;
  END IF;
  customer := claimed_customer(claim_kind, claimed, phone);
  SELECT u.phone_number INTO send_to FROM user_profiles u WHERE u.id = customer
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > since) < (limits ->> 'per_profile')::int
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > clock_timestamp() - interval '1 day') < (limits ->> 'per_profile_day')::int;
  outcome := 'started';
  INSERT INTO auth_challenges (session_id, claim, address, profile_id, sent, salt, code_hash, max_attempts, expires_at)
  VALUES (session, claim_key, from_address, customer, send_to IS NOT NULL, code_salt, hash, (limits ->> 'max_attempts')::int,
          clock_timestamp() + make_interval(secs => (limits ->> 'expires_s')::int))
  RETURNING challenge_id INTO challenge;
  PERFORM audit('caller', 'auth.started', 'session', session::text,
    jsonb_build_object('challenge', challenge, 'profile', customer, 'sent', send_to IS NOT NULL));
END $$;

-- Takes one attempt at the newest challenge of a session, before the code is looked at.
-- 'open' comes with what is needed to judge it; every other outcome is final and logged.
CREATE FUNCTION take_attempt(session uuid, from_address text,
  OUT outcome text, OUT challenge uuid, OUT code_salt bytea, OUT hash bytea, OUT attempts_left int) LANGUAGE plpgsql AS $$
DECLARE
  c auth_challenges;
BEGIN
  SELECT * INTO c FROM auth_challenges WHERE session_id = session ORDER BY created_at DESC LIMIT 1 FOR UPDATE;
  challenge := c.challenge_id;
  outcome := CASE WHEN c.challenge_id IS NULL THEN 'none'
                  WHEN c.consumed_at IS NOT NULL THEN 'used'
                  WHEN c.expires_at <= clock_timestamp() THEN 'expired'
                  WHEN c.attempts >= c.max_attempts THEN 'exhausted'
                  ELSE 'open' END;
  IF outcome = 'open' THEN
    UPDATE auth_challenges SET attempts = attempts + 1 WHERE challenge_id = c.challenge_id;
    code_salt := c.salt;
    hash := c.code_hash;
    attempts_left := c.max_attempts - c.attempts - 1;
  ELSE
    PERFORM log_attempt(challenge, session, from_address, outcome);
  END IF;
END $$;

CREATE FUNCTION log_attempt(challenge uuid, session uuid, from_address text, outcome text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_attempts (challenge_id, session_id, address, outcome) VALUES (challenge, session, from_address, outcome);
  PERFORM audit('caller', 'auth.' || outcome, 'session', session::text, jsonb_build_object('challenge', challenge));
END $$;

-- The code was right: spends the challenge. The customer, or NULL if nobody's code was sent
-- (a lucky guess against a claim that matched nobody proves nothing) or it was spent already.
CREATE FUNCTION spend_challenge(challenge uuid, session uuid, from_address text) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
BEGIN
  UPDATE auth_challenges SET consumed_at = clock_timestamp()
   WHERE challenge_id = challenge AND consumed_at IS NULL AND sent RETURNING live_profile(profile_id) INTO customer;
  PERFORM log_attempt(challenge, session, from_address, CASE WHEN customer IS NULL THEN 'wrong' ELSE 'verified' END);
  RETURN customer;
END $$;
