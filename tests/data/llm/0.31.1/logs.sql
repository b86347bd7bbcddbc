CREATE TABLE "conversations" (
   "id" TEXT PRIMARY KEY,
   "name" TEXT,
   "model" TEXT
);
INSERT INTO "conversations" VALUES ('01m7wrg3867wbcy9e2cztkhmjz', 'long fragment text Why does the…', 'mock');
INSERT INTO "conversations" VALUES ('01m7wrg38fc82dr4jvsknsjv1z', 'Look around', 'mock');
INSERT INTO "conversations" VALUES ('01m7wrg3905pxt6jjk7adm943x', 'Say hello', 'mock');
CREATE TABLE "attachments" (
   "id" TEXT PRIMARY KEY,
   "type" TEXT,
   "path" TEXT,
   "url" TEXT,
   "content" BLOB
);
INSERT INTO "attachments" VALUES ('c9880aff1980992d9f1969638642174d0cfb59db28ea2336eda8648b0b07d6e9', 'image/png', NULL, NULL, X'89504E470D0A1A0A31323334');
CREATE TABLE "prompt_attachments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "attachment_id" TEXT REFERENCES "attachments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "attachment_id")
);
INSERT INTO "prompt_attachments" VALUES ('01m7wrg38b35wjqszj2fpqyf3c', 'c9880aff1980992d9f1969638642174d0cfb59db28ea2336eda8648b0b07d6e9', 0);
CREATE TABLE "schemas" (
   "id" TEXT PRIMARY KEY,
   "content" TEXT
);
CREATE TABLE "responses" (
   "id" TEXT PRIMARY KEY,
   "model" TEXT,
   "prompt" TEXT,
   "system" TEXT,
   "prompt_json" TEXT,
   "options_json" TEXT,
   "response" TEXT,
   "response_json" TEXT,
   "conversation_id" TEXT REFERENCES "conversations"("id"),
   "duration_ms" INTEGER,
   "datetime_utc" TEXT,
   "input_tokens" INTEGER,
   "output_tokens" INTEGER,
   "token_details" TEXT,
   "schema_id" TEXT REFERENCES "schemas"("id")
, "resolved_model" TEXT);
INSERT INTO "responses" VALUES ('01m7wrg3867wbcy9e2cztkhmk0', 'mock', 'Why does the build fail?', 'Be brief', NULL, '{"t": 0}', 'Because.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3867wbcy9e2cztkhmjz', 0, '2026-11-20T15:16:45.446197+00:00', 100, 20, '{"cached_tokens": 60}', NULL, 'mock-1');
INSERT INTO "responses" VALUES ('01m7wrg38b35wjqszj2fpqyf3c', 'mock', 'Zażółć gęślą', NULL, NULL, '{"t": 0}', 'And so.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3867wbcy9e2cztkhmjz', 0, '2026-11-20T15:16:45.451723+00:00', 150, 30, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg38hjw9hdjyzvf720hwy', 'mock', 'Look around', NULL, NULL, '{"t": 0}', 'Looking.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg38fc82dr4jvsknsjv1z', 0, '2026-11-20T15:16:45.457847+00:00', 10, 2, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg38hjw9hdjyzvf720hwz', 'mock', '', NULL, NULL, '{"t": 0}', 'Done.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg38fc82dr4jvsknsjv1z', 0, '2026-11-20T15:16:45.457909+00:00', 15, 3, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg3905pxt6jjk7adm943w', 'mock', 'Say hello', NULL, NULL, '{"t": 0}', 'hello', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3905pxt6jjk7adm943x', 0, '2026-11-20T15:16:45.472455+00:00', 5, 1, NULL, NULL, NULL);
CREATE TABLE "fragments" (
   "id" INTEGER PRIMARY KEY,
   "hash" TEXT,
   "content" TEXT,
   "datetime_utc" TEXT,
   "source" TEXT
);
INSERT INTO "fragments" VALUES (1, '29629396d6a6318c10fd0f2c1ccb52a6fb72a6d6863669f5c17a1a742eeb5a43', 'long fragment text', '2026-11-20 15:16:45', NULL);
CREATE TABLE "fragment_aliases" (
   "alias" TEXT PRIMARY KEY,
   "fragment_id" INTEGER REFERENCES "fragments"("id")
);
CREATE TABLE "prompt_fragments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "fragment_id", "order")
);
INSERT INTO "prompt_fragments" VALUES ('01m7wrg3867wbcy9e2cztkhmk0', 1, 0);
CREATE TABLE "system_fragments" (
   "response_id" TEXT REFERENCES "responses"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("response_id", "fragment_id", "order")
);
CREATE TABLE "tools" (
   "id" INTEGER PRIMARY KEY,
   "hash" TEXT,
   "name" TEXT,
   "description" TEXT,
   "input_schema" TEXT
, "plugin" TEXT);
INSERT INTO "tools" VALUES (1, 'a9cbabc84f544ba51f88c876b8c87e432101bda5426c34a15e924bd076e6844d', 'version', 'Read a file', '{"properties": {"path": {"type": "string"}}, "required": ["path"], "type": "object"}', NULL);
CREATE TABLE "tool_responses" (
   "tool_id" INTEGER REFERENCES "tools"("id"),
   "response_id" TEXT REFERENCES "responses"("id"),
   PRIMARY KEY ("tool_id", "response_id")
);
INSERT INTO "tool_responses" VALUES (1, '01m7wrg38hjw9hdjyzvf720hwy');
INSERT INTO "tool_responses" VALUES (1, '01m7wrg38hjw9hdjyzvf720hwz');
CREATE TABLE "tool_calls" (
   "id" INTEGER PRIMARY KEY,
   "response_id" TEXT REFERENCES "responses"("id"),
   "tool_id" INTEGER REFERENCES "tools"("id"),
   "name" TEXT,
   "arguments" TEXT,
   "tool_call_id" TEXT
);
INSERT INTO "tool_calls" VALUES (1, '01m7wrg38hjw9hdjyzvf720hwy', 1, 'version', '{"path": "a"}', 't1');
INSERT INTO "tool_calls" VALUES (2, '01m7wrg38hjw9hdjyzvf720hwy', 1, 'version', '{"path": "bad"}', 't2');
CREATE TABLE "tool_instances" (
   "id" INTEGER PRIMARY KEY,
   "plugin" TEXT,
   "name" TEXT,
   "arguments" TEXT
);
CREATE TABLE "tool_results" (
   "id" INTEGER PRIMARY KEY,
   "response_id" TEXT REFERENCES "responses"("id"),
   "tool_id" INTEGER REFERENCES "tools"("id"),
   "name" TEXT,
   "output" TEXT,
   "tool_call_id" TEXT,
   "instance_id" INTEGER REFERENCES "tool_instances"("id")
, "exception" TEXT);
INSERT INTO "tool_results" VALUES (1, '01m7wrg38hjw9hdjyzvf720hwz', 1, 'version', 'contents of a', 't1', NULL, NULL);
INSERT INTO "tool_results" VALUES (2, '01m7wrg38hjw9hdjyzvf720hwz', 1, 'version', 'Error: no such file', 't2', NULL, 'ValueError: no such file');
CREATE TABLE "tool_results_attachments" (
   "tool_result_id" INTEGER REFERENCES "tool_results"("id"),
   "attachment_id" TEXT REFERENCES "attachments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("tool_result_id", "attachment_id")
);
