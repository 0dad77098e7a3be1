-- What the agent knows and how it is set up: packs of documents, instructions, settings.
--
-- A pack's revision grows exactly when an import changed something, so that a worker can ask
-- "is my index still right?" by reading one number.

CREATE TABLE knowledge_packs (
  id               int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id        int NOT NULL DEFAULT current_tenant(),
  name             text NOT NULL,
  description      text,
  grounding_mode   text NOT NULL DEFAULT 'blended' CHECK (grounding_mode IN ('strict', 'blended')),
  freshness_policy jsonb NOT NULL DEFAULT '{"ttl_days": 30, "recrawl": "changed", "priority": "medium"}',
  revision         bigint NOT NULL DEFAULT 0,
  imported_at      timestamptz,
  UNIQUE (tenant_id, name)
);

-- One row a chunk. The hash covers every field, so an unchanged chunk is recognised.
CREATE TABLE rag_documents (
  id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  knowledge_pack_id int NOT NULL REFERENCES knowledge_packs ON DELETE CASCADE,
  document          text NOT NULL,     -- the document's name within its pack
  chunk             int NOT NULL CHECK (chunk >= 0),
  title             text NOT NULL,
  topic             text,
  body              text NOT NULL,
  source_url        text,
  meta              jsonb NOT NULL DEFAULT '{}',
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),
  fresh_until       timestamptz,
  created_at        timestamptz NOT NULL DEFAULT now(),
  tsv               tsvector GENERATED ALWAYS AS (to_tsvector('simple', title || ' ' || body)) STORED,
  UNIQUE (knowledge_pack_id, sha256)
);
CREATE INDEX rag_documents_text ON rag_documents USING gin (tsv);

-- Makes a pack hold exactly these chunks: an array of {document, chunk, title, topic, body,
-- source_url, meta, sha256}. Known ones stay, vanished ones go.
CREATE FUNCTION import_documents(pack_name text, chunks jsonb, OUT added int, OUT kept int, OUT removed int) LANGUAGE plpgsql AS $$
DECLARE
  pack int;
BEGIN
  INSERT INTO knowledge_packs (name) VALUES (pack_name)
  ON CONFLICT (tenant_id, name) DO UPDATE SET name = excluded.name RETURNING id INTO pack;  -- also locks the pack
  DELETE FROM rag_documents d WHERE d.knowledge_pack_id = pack
     AND NOT EXISTS (SELECT FROM jsonb_array_elements(chunks) c WHERE d.sha256 = decode(c ->> 'sha256', 'hex'));
  GET DIAGNOSTICS removed = ROW_COUNT;
  SELECT count(*) INTO kept FROM rag_documents d WHERE d.knowledge_pack_id = pack;
  INSERT INTO rag_documents (knowledge_pack_id, document, chunk, title, topic, body, source_url, meta, sha256)
  SELECT pack, c ->> 'document', (c ->> 'chunk')::int, c ->> 'title', c ->> 'topic', c ->> 'body', c ->> 'source_url',
         coalesce(c -> 'meta', '{}'), decode(c ->> 'sha256', 'hex')
    FROM jsonb_array_elements(chunks) c
  ON CONFLICT (knowledge_pack_id, sha256) DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added + removed > 0 THEN
    UPDATE knowledge_packs SET revision = revision + 1, imported_at = now() WHERE id = pack;
  END IF;
END $$;

CREATE TABLE personas (
  id                  int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id           int NOT NULL DEFAULT current_tenant(),
  name                text NOT NULL,
  system_prompt       text NOT NULL,
  tactics             jsonb NOT NULL DEFAULT '{}',
  communication_style jsonb NOT NULL DEFAULT '{}',
  response_patterns   jsonb NOT NULL DEFAULT '{}',
  is_built_in         boolean NOT NULL DEFAULT false,
  template_name       text,
  UNIQUE (tenant_id, name)
);

CREATE TABLE agent_instructions (
  id                int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id         int NOT NULL DEFAULT current_tenant(),
  version           int NOT NULL,
  body              text NOT NULL,
  active            boolean NOT NULL DEFAULT false,
  persona_id        int REFERENCES personas,
  knowledge_pack_id int REFERENCES knowledge_packs,
  tool_policy       jsonb NOT NULL DEFAULT '{"web_search": false, "site_search": [], "code_exec": false}',
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (tenant_id, version)
);
CREATE UNIQUE INDEX agent_instructions_one_active ON agent_instructions (tenant_id) WHERE active;

CREATE TABLE system_config (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key        text NOT NULL,
  value      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
