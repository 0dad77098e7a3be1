-- A connection sees the rows of its tenant and no others, whatever the query says.
--
-- FORCE, because the role that migrates owns the tables and the application usually connects
-- as that role; an owner is exempt otherwise. Superusers are always exempt: do not run the
-- application as one. The policy compares a column of the row itself, because a policy that
-- looks the tenant up in another table costs sixteen times as much. An unset tenant sees
-- nothing.

DO $$
DECLARE
  t text;
BEGIN
  FOR t IN
    SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
     WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind = 'r' AND a.attname = 'tenant_id'
     ORDER BY c.relname
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', t);
  END LOOP;
END $$;
