-- What the agent knows and how it is set up: packs of documents, instructions, settings.

-- A pack's revision grows exactly when an import changed something, so that a worker can ask
-- "is my index still right?" by reading one number.
CREATE TABLE knowledge_packs (
  id          int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id   int NOT NULL DEFAULT current_tenant(),
  name        text NOT NULL,
  revision    bigint NOT NULL DEFAULT 0,
  imported_at timestamptz,
  UNIQUE (tenant_id, name)
);
SELECT isolate_tenant('knowledge_packs');

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
  meta              jsonb NOT NULL DEFAULT '{}',
  sha256            bytea NOT NULL CHECK (length(sha256) = 32),
  created_at        timestamptz NOT NULL DEFAULT now(),
  UNIQUE (knowledge_pack_id, sha256)
);
SELECT isolate_tenant('rag_documents');

-- Makes a pack hold exactly these chunks: an array of {document, chunk, title, topic, body, meta,
-- sha256}. Known ones stay, vanished ones go.
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
  INSERT INTO rag_documents (knowledge_pack_id, document, chunk, title, topic, body, meta, sha256)
  SELECT pack, c ->> 'document', (c ->> 'chunk')::int, c ->> 'title', c ->> 'topic', c ->> 'body',
         coalesce(c -> 'meta', '{}'), decode(c ->> 'sha256', 'hex')
    FROM jsonb_array_elements(chunks) c
  ON CONFLICT (knowledge_pack_id, sha256) DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  IF added + removed > 0 THEN
    UPDATE knowledge_packs SET revision = revision + 1, imported_at = now() WHERE id = pack;
  END IF;
END $$;

-- Versions of what the agent is instructed to do, one of them active. The program reads its prompts
-- from files; nothing writes here yet.
CREATE TABLE agent_instructions (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  version    int NOT NULL,
  body       text NOT NULL,
  active     boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (tenant_id, version)
);
SELECT isolate_tenant('agent_instructions');
CREATE UNIQUE INDEX agent_instructions_one_active ON agent_instructions (tenant_id) WHERE active;

CREATE TABLE system_config (
  tenant_id  int NOT NULL DEFAULT current_tenant(),
  key        text NOT NULL,
  value      jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text NOT NULL,
  PRIMARY KEY (tenant_id, key)
);
SELECT isolate_tenant('system_config');
