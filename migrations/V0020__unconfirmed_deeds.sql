-- Deeds whose end nobody saw: a call of a tool says whether it leaves something behind that the caller agreed to. When the
-- call is over and nobody knows whether it was done, a person gets a ticket, whoever killed the worker in the middle.

ALTER TABLE tool_calls ADD COLUMN deed boolean NOT NULL DEFAULT false;
CREATE INDEX tool_calls_deeds ON tool_calls (requested_at) WHERE deed;
