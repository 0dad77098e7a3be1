-- Keys of people and of sessions, wrapped: without the key file, which is not here, they open
-- nothing.
--
--   * A session's key is wrapped under the key of its home, which never changes: merging and
--     unmerging move no key.
--   * Deleting a person's row makes every session whose home is that profile unreadable, and
--     what is sealed on the profile's own row.
--   * Whoever is first keeps its key: a repeated start offers another one and gets the stored one.

CREATE TABLE person_keys (
  profile_id uuid PRIMARY KEY REFERENCES user_profiles,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key_id     int NOT NULL CHECK (key_id > 0),                  -- number of the wrapping key in the key file
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60),      -- nonce 12, key 32, tag 16
  created_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_tenant('person_keys');
CREATE INDEX person_keys_key ON person_keys (tenant_id, key_id);

CREATE TABLE session_keys (
  session_id uuid PRIMARY KEY REFERENCES session_rows,
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  profile_id uuid NOT NULL REFERENCES person_keys,             -- whose key wraps it
  wrapped    bytea NOT NULL CHECK (length(wrapped) = 60),
  caller_ct  bytea,                                            -- the caller's number
  name_ct    bytea                                             -- the name that the caller stated
);
SELECT isolate_tenant('session_keys');
CREATE INDEX session_keys_profile ON session_keys (profile_id);

-- The key file that a tenant's rows were written with, so that another one is refused by name
-- before it writes what the first cannot open.
CREATE TABLE key_files (
  tenant_id     int PRIMARY KEY DEFAULT current_tenant(),
  fingerprint   text NOT NULL CHECK (fingerprint ~ '^[0-9a-f]{16}$'),
  first_used_at timestamptz NOT NULL DEFAULT now()
);
SELECT isolate_tenant('key_files');

-- The fingerprint of this tenant's key file: the given one, if there was none yet.
CREATE FUNCTION claim_key_file(file text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  held text;
BEGIN
  SELECT fingerprint INTO held FROM key_files WHERE tenant_id = current_tenant();
  IF NOT FOUND THEN
    INSERT INTO key_files (fingerprint) VALUES (file) ON CONFLICT (tenant_id) DO NOTHING;
    SELECT fingerprint INTO held FROM key_files WHERE tenant_id = current_tenant();
  END IF;
  RETURN held;
END $$;

-- A person's wrapped key: the stored one, else the candidate, which is stored. NULL if there is
-- no such profile or it was erased.
CREATE FUNCTION keep_person_key(profile uuid, candidate_key int, candidate bytea, OUT key_id int, OUT wrapped bytea) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  IF EXISTS (SELECT FROM user_profiles u WHERE u.id = profile AND u.erased_at IS NULL) THEN
    INSERT INTO person_keys (profile_id, key_id, wrapped) VALUES (profile, candidate_key, candidate)
    ON CONFLICT (profile_id) DO NOTHING;
  END IF;
  SELECT k.key_id, k.wrapped INTO key_id, wrapped FROM person_keys k WHERE k.profile_id = profile;
END $$;

-- A session's wrapped key: the stored one, else the candidate, which is stored with the caller's
-- number, sealed with it. NULL if the session is not there or its person was erased.
CREATE FUNCTION keep_session_key(session uuid, candidate bytea, caller bytea) RETURNS bytea LANGUAGE plpgsql AS $$
BEGIN
  PERFORM identity_lock(false);
  INSERT INTO session_keys (session_id, profile_id, wrapped, caller_ct)
  SELECT s.session_id, k.profile_id, candidate, caller FROM session_rows s JOIN person_keys k ON k.profile_id = s.home_profile_id
   WHERE s.session_id = session
  ON CONFLICT (session_id) DO NOTHING;
  RETURN (SELECT k.wrapped FROM session_keys k WHERE k.session_id = session);
END $$;

-- The name of a session's summary, or that it gives none. As the owner: a worker may add keys and
-- change none. Does nothing when the key was destroyed.
CREATE FUNCTION keep_stated_name(session uuid, sealed bytea) RETURNS void LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  UPDATE session_keys k SET name_ct = sealed WHERE k.session_id = session AND (k.name_ct IS NOT NULL OR sealed IS NOT NULL);
END $$;
