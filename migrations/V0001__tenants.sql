-- Whose rows a connection sees.
--
-- Each row names its tenant, and the default comes from the setting app.tenant. A connection sees
-- the rows of its tenant alone, whatever the query says.

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

-- Keeps a table to the tenant of whoever asks. Every table with a tenant_id gets this when it is
-- made.
--
-- FORCE, because the role that migrates owns the tables and the application may connect as that
-- role; an owner is exempt otherwise. Superusers are always exempt: do not run the application as
-- one. The policy compares a column of the row itself, because a policy that looks the tenant up in
-- another table costs sixteen times as much. An unset tenant sees nothing.
CREATE FUNCTION isolate_tenant(tab text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tab);
  EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', tab);
  EXECUTE format('CREATE POLICY tenant ON %I USING (tenant_id = current_tenant()) WITH CHECK (tenant_id = current_tenant())', tab);
END $$;
