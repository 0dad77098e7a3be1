-- An administrator is shown what will come apart and confirms that. Between the two somebody else
-- may have undone that merge and made another one. So the confirmation names the merge, and under
-- the identity lock it still has to be the one that holds the profile: else 'refused_changed'.
--
-- The name is unmerge_profile's, so that the rights of the roles are the same for both.

CREATE FUNCTION unmerge_profile(source uuid, confirmed bigint, by_actor text, why text) RETURNS text LANGUAGE plpgsql
SECURITY DEFINER SET search_path FROM CURRENT AS $$
BEGIN
  PERFORM identity_lock(true);
  IF EXISTS (SELECT FROM profile_merges m WHERE m.source_id = source AND m.outcome = 'merged' AND m.reverted_at IS NULL AND m.merge_id <> confirmed) THEN
    PERFORM audit(by_actor, 'profile.unmerge', 'profile', source::text, jsonb_build_object(
      'outcome', 'refused_changed', 'confirmed', confirmed, 'reason_given', why IS NOT NULL));
    RETURN 'refused_changed';
  END IF;
  RETURN unmerge_profile(source, by_actor, why);
END $$;
REVOKE EXECUTE ON FUNCTION unmerge_profile(uuid, bigint, text, text) FROM PUBLIC;
SELECT grant_roles();

-- A person's history is asked for by any of the profiles that an attempt named.
CREATE INDEX profile_merges_source ON profile_merges (source_id);
CREATE INDEX profile_merges_requested_source ON profile_merges (requested_source);
CREATE INDEX profile_merges_requested_target ON profile_merges (requested_target);
