-- Proving who a caller is, by a one-time code sent to the number that we already hold.
--
--   * Unknown customer, wrong number and right one look the same from outside: each opens a
--     challenge, and only the right one's code is ever sent. Limits that a caller can see count
--     what the caller claimed and where they came from, never what we found; the limit on what
--     we found is silent.
--   * A code is kept as a salted hash, lives five minutes and dies after three attempts. An
--     attempt is counted before it is judged, so parallel guesses get no extra ones.
--   * Claims and addresses are here as indexes: only their being the same matters.

CREATE TABLE auth_challenges (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  tenant_id    int NOT NULL DEFAULT current_tenant(),
  session_id   uuid NOT NULL,          -- no reference: the session's row may be on its way
  claim        bytea NOT NULL,         -- index of what the caller said: kind and value
  address      bytea,                  -- index of where the caller came from: an IP address or a SIP number
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
SELECT isolate_tenant('auth_challenges');
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
  address      bytea,
  outcome      text NOT NULL CHECK (outcome IN ('verified', 'wrong', 'expired', 'exhausted', 'used', 'none')),
  at           timestamptz NOT NULL DEFAULT clock_timestamp()
);
SELECT isolate_tenant('auth_attempts');
CREATE INDEX auth_attempts_session ON auth_attempts (session_id, at);

-- The one live customer that a claim names, or NULL. `phones`: indexes of the numbers that were
-- meant; of a national number one for each country it may be of.
CREATE FUNCTION claimed_customer(claim_kind text, claimed text, phones bytea[]) RETURNS uuid LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    WITH found AS (
      SELECT u.id FROM user_profiles u
       WHERE claim_kind = 'username' AND lower(u.username) = lower(claimed)
         AND (phones IS NULL OR u.phone_bidx = ANY (phones))
         AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL
      UNION SELECT i.profile_id FROM profile_identifiers i
       WHERE claim_kind = 'digits' AND i.kind = 'customer_no' AND i.verified AND i.value = claimed AND i.tenant_id = current_tenant()
      UNION SELECT u.id FROM user_profiles u
       WHERE claim_kind = 'digits' AND u.tenant_id = current_tenant() AND u.merged_into_profile_id IS NULL AND u.phone_bidx = ANY (phones))
    SELECT min(u.id::text)::uuid FROM user_profiles u JOIN found USING (id)
     WHERE u.profile_type = 'authenticated' AND u.erased_at IS NULL HAVING count(*) = 1);
END $$;

-- limits: expires_s, max_attempts, window_s, per_claim, per_address, per_profile, per_profile_day.
-- 'limited' can be said to the caller; 'started' without send_to means that nothing is sent.
-- send_to comes with what opens its number, so that right and wrong claims take equally long.
CREATE FUNCTION start_challenge(session uuid, claim_kind text, claimed text, phones bytea[], claim_index bytea, from_address bytea,
  code_salt bytea, hash bytea, limits jsonb,
  OUT outcome text, OUT challenge uuid, OUT send_to uuid, OUT phone_ct bytea, OUT key_id int, OUT wrapped bytea, OUT retry_after_s int) LANGUAGE plpgsql AS $$
DECLARE
  since timestamptz := clock_timestamp() - make_interval(secs => (limits ->> 'window_s')::int);
  customer uuid;
  oldest timestamptz;
BEGIN
  -- One start at a time for each tenant: two that count together could both pass a limit.
  PERFORM pg_advisory_xact_lock(7003, current_tenant());
  SELECT min(created_at) INTO oldest FROM auth_challenges
   WHERE tenant_id = current_tenant() AND claim = claim_index AND created_at > since HAVING count(*) >= (limits ->> 'per_claim')::int;
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
  customer := claimed_customer(claim_kind, claimed, phones);
  SELECT u.id, u.phone_ct, k.key_id, k.wrapped INTO send_to, phone_ct, key_id, wrapped
    FROM user_profiles u JOIN person_keys k ON k.profile_id = u.id WHERE u.id = customer AND u.phone_ct IS NOT NULL
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > since) < (limits ->> 'per_profile')::int
     AND (SELECT count(*) FROM auth_challenges c WHERE c.profile_id = customer AND c.sent AND c.created_at > clock_timestamp() - interval '1 day') < (limits ->> 'per_profile_day')::int;
  outcome := 'started';
  INSERT INTO auth_challenges (session_id, claim, address, profile_id, sent, salt, code_hash, max_attempts, expires_at)
  VALUES (session, claim_index, from_address, customer, send_to IS NOT NULL, code_salt, hash, (limits ->> 'max_attempts')::int,
          clock_timestamp() + make_interval(secs => (limits ->> 'expires_s')::int))
  RETURNING challenge_id INTO challenge;
  PERFORM audit('caller', 'auth.started', 'session', session::text,
    jsonb_build_object('challenge', challenge, 'profile', customer, 'sent', send_to IS NOT NULL));
END $$;

CREATE FUNCTION log_attempt(challenge uuid, session uuid, from_address bytea, outcome text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO auth_attempts (challenge_id, session_id, address, outcome) VALUES (challenge, session, from_address, outcome);
  PERFORM audit('caller', 'auth.' || outcome, 'session', session::text, jsonb_build_object('challenge', challenge));
END $$;

-- Takes one attempt at the newest challenge of a session, before the code is looked at.
-- 'open' comes with what is needed to judge it; every other outcome is final and logged.
CREATE FUNCTION take_attempt(session uuid, from_address bytea,
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

-- The code was right: spends the challenge. The customer, or NULL if nobody's code was sent
-- (a lucky guess against a claim that matched nobody proves nothing) or it was spent already.
CREATE FUNCTION spend_challenge(challenge uuid, session uuid, from_address bytea) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  customer uuid;
BEGIN
  UPDATE auth_challenges SET consumed_at = clock_timestamp()
   WHERE challenge_id = challenge AND consumed_at IS NULL AND sent RETURNING live_profile(profile_id) INTO customer;
  PERFORM log_attempt(challenge, session, from_address, CASE WHEN customer IS NULL THEN 'wrong' ELSE 'verified' END);
  RETURN customer;
END $$;

-- The caller of a session proved to be this customer. 'merged' and 'already_merged' are success.
CREATE FUNCTION authenticate_session(session uuid, customer uuid, level int, by_actor text) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  current_owner uuid;
  outcome text;
BEGIN
  PERFORM identity_lock(true);
  SELECT s.profile_id INTO current_owner FROM agent_sessions s WHERE s.session_id = session;
  IF NOT FOUND THEN RETURN 'session_not_found'; END IF;
  outcome := merge_profiles(current_owner, customer, by_actor, 'authenticated in the call', false, session);
  IF outcome IN ('merged', 'already_merged') THEN
    UPDATE session_rows SET auth_level = greatest(auth_level, level), authenticated_at = coalesce(authenticated_at, clock_timestamp())
     WHERE session_id = session;
  END IF;
  RETURN outcome;
END $$;
