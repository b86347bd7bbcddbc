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
, "resolved_model" TEXT, "reasoning" TEXT);
INSERT INTO "responses" VALUES ('01m7wrg3867wbcy9e2cztkhmk0', 'mock', 'Why does the build fail?', 'Be brief', NULL, '{"t": 0}', 'Because.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3867wbcy9e2cztkhmjz', 0, '2026-11-20T15:16:45.446197+00:00', 100, 20, '{"cached_tokens": 60}', NULL, 'mock-1', NULL);
INSERT INTO "responses" VALUES ('01m7wrg38b35wjqszj2fpqyf3c', 'mock', 'Zażółć gęślą', NULL, NULL, '{"t": 0}', 'And so.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3867wbcy9e2cztkhmjz', 0, '2026-11-20T15:16:45.451723+00:00', 150, 30, NULL, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg38hjw9hdjyzvf720hwy', 'mock', 'Look around', NULL, NULL, '{"t": 0}', 'Looking.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg38fc82dr4jvsknsjv1z', 0, '2026-11-20T15:16:45.457847+00:00', 10, 2, NULL, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg38hjw9hdjyzvf720hwz', 'mock', '', NULL, NULL, '{"t": 0}', 'Done.', '{"id": "r", "usage": {"x": 1}}', '01m7wrg38fc82dr4jvsknsjv1z', 0, '2026-11-20T15:16:45.457909+00:00', 15, 3, NULL, NULL, NULL, NULL);
INSERT INTO "responses" VALUES ('01m7wrg3905pxt6jjk7adm943w', 'mock', 'Say hello', NULL, NULL, '{"t": 0}', 'hello', '{"id": "r", "usage": {"x": 1}}', '01m7wrg3905pxt6jjk7adm943x', 0, '2026-11-20T15:16:45.472455+00:00', 5, 1, NULL, NULL, NULL, NULL);
CREATE TABLE "fragments" (
   "id" INTEGER PRIMARY KEY,
   "hash" TEXT,
   "content" TEXT,
   "datetime_utc" TEXT,
   "source" TEXT
);
INSERT INTO "fragments" VALUES (1, '29629396d6a6318c10fd0f2c1ccb52a6fb72a6d6863669f5c17a1a742eeb5a43', 'long fragment text', '2026-11-20 15:16:45', NULL);
INSERT INTO "fragments" VALUES (2, '6080402309f3aa3d435959e9cfd8955357b759e6b342ef655a3caf25a04233b8', 'fragment of a file', '2026-11-20 15:19:00', NULL);
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
CREATE TABLE "messages" (
   "hash" TEXT PRIMARY KEY,
   "parent_hash" TEXT REFERENCES "messages"("hash"),
   "role" TEXT,
   "provider_metadata" TEXT
);
INSERT INTO "messages" VALUES ('b2:d2faf0448ab8bfd6d53fc0d7effd22ff', NULL, 'system', NULL);
INSERT INTO "messages" VALUES ('b2:c1df7f78eb2b5caacb9e1580d6dfabf7', 'b2:d2faf0448ab8bfd6d53fc0d7effd22ff', 'user', NULL);
INSERT INTO "messages" VALUES ('b2:3a487a784aecf305a2b21ee1085245c9', 'b2:c1df7f78eb2b5caacb9e1580d6dfabf7', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:46997f5a8542e5d5a264862abb4b7ff7', 'b2:3a487a784aecf305a2b21ee1085245c9', 'user', NULL);
INSERT INTO "messages" VALUES ('b2:2ac30465f196b54c11391fb550fd7737', 'b2:46997f5a8542e5d5a264862abb4b7ff7', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:b892651cf584e14a20d014f40dd41318', 'b2:2ac30465f196b54c11391fb550fd7737', 'user', NULL);
INSERT INTO "messages" VALUES ('b2:34a91d43fef157b4c5d368e7a26085da', 'b2:b892651cf584e14a20d014f40dd41318', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:7e1622101c7ac0d81f4f337c5dc9c58b', NULL, 'user', NULL);
INSERT INTO "messages" VALUES ('b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 'b2:7e1622101c7ac0d81f4f337c5dc9c58b', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:468054beee8887b8a78c92886c85e91f', 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 'tool', NULL);
INSERT INTO "messages" VALUES ('b2:39a1984cde3e75944e4b1bc722ed8a87', 'b2:468054beee8887b8a78c92886c85e91f', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:227f20d8f639c751eb4f1beb3010eb22', 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 'tool', NULL);
INSERT INTO "messages" VALUES ('b2:5b609abbaa3c85393a066395341c5dfd', 'b2:227f20d8f639c751eb4f1beb3010eb22', 'user', NULL);
INSERT INTO "messages" VALUES ('b2:f69af26ecc1f50528fbb05b05dc2a8d5', 'b2:5b609abbaa3c85393a066395341c5dfd', 'assistant', NULL);
INSERT INTO "messages" VALUES ('b2:62b7bf92745c11b1507ab0e819042663', 'b2:d2faf0448ab8bfd6d53fc0d7effd22ff', 'user', NULL);
INSERT INTO "messages" VALUES ('b2:4ef95424e788a3f5b2cc04214b77d1a9', 'b2:62b7bf92745c11b1507ab0e819042663', 'assistant', NULL);
CREATE TABLE "parts" (
   "id" INTEGER PRIMARY KEY,
   "message_hash" TEXT REFERENCES "messages"("hash"),
   "position" INTEGER,
   "type" TEXT,
   "tool_name" TEXT,
   "text" TEXT,
   "payload" TEXT
);
INSERT INTO "parts" VALUES (1, 'b2:d2faf0448ab8bfd6d53fc0d7effd22ff', 0, 'text', NULL, 'Be brief', NULL);
INSERT INTO "parts" VALUES (2, 'b2:c1df7f78eb2b5caacb9e1580d6dfabf7', 0, 'text', NULL, 'long fragment text
Why does the build fail?', NULL);
INSERT INTO "parts" VALUES (3, 'b2:3a487a784aecf305a2b21ee1085245c9', 0, 'text', NULL, 'Because.', NULL);
INSERT INTO "parts" VALUES (4, 'b2:46997f5a8542e5d5a264862abb4b7ff7', 0, 'text', NULL, 'Zażółć gęślą', NULL);
INSERT INTO "parts" VALUES (5, 'b2:2ac30465f196b54c11391fb550fd7737', 0, 'text', NULL, 'And so.', NULL);
INSERT INTO "parts" VALUES (6, 'b2:b892651cf584e14a20d014f40dd41318', 0, 'text', NULL, 'And in the new version?', NULL);
INSERT INTO "parts" VALUES (7, 'b2:34a91d43fef157b4c5d368e7a26085da', 0, 'reasoning', NULL, '', '{"redacted": true}');
INSERT INTO "parts" VALUES (8, 'b2:34a91d43fef157b4c5d368e7a26085da', 1, 'text', NULL, 'Later.', NULL);
INSERT INTO "parts" VALUES (9, 'b2:7e1622101c7ac0d81f4f337c5dc9c58b', 0, 'text', NULL, NULL, '{"text_ref": [{"fragment": 2}, {"literal": "\nLook at the new tables"}]}');
INSERT INTO "parts" VALUES (10, 'b2:7e1622101c7ac0d81f4f337c5dc9c58b', 1, 'attachment', NULL, NULL, '{"attachment": {"id": "c9880aff1980992d9f1969638642174d0cfb59db28ea2336eda8648b0b07d6e9"}}');
INSERT INTO "parts" VALUES (11, 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 0, 'reasoning', NULL, 'I should look.', NULL);
INSERT INTO "parts" VALUES (12, 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 1, 'text', NULL, 'Looking.', NULL);
INSERT INTO "parts" VALUES (13, 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 2, 'tool_call', 'version', NULL, '{"name": "version", "arguments": {"path": "a"}, "tool_call_id": "t1"}');
INSERT INTO "parts" VALUES (14, 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 3, 'tool_call', 'version', NULL, '{"name": "version", "arguments": {"path": "bad"}, "tool_call_id": "t2"}');
INSERT INTO "parts" VALUES (15, 'b2:468054beee8887b8a78c92886c85e91f', 0, 'tool_result', 'version', NULL, '{"name": "version", "output": "contents of a", "tool_call_id": "t1"}');
INSERT INTO "parts" VALUES (16, 'b2:468054beee8887b8a78c92886c85e91f', 1, 'tool_result', 'version', NULL, '{"name": "version", "output": "Error: no such file", "tool_call_id": "t2", "exception": "ValueError: no such file"}');
INSERT INTO "parts" VALUES (17, 'b2:39a1984cde3e75944e4b1bc722ed8a87', 0, 'text', NULL, 'Done.', NULL);
INSERT INTO "parts" VALUES (18, 'b2:227f20d8f639c751eb4f1beb3010eb22', 0, 'tool_result', 'version', NULL, '{"name": "version", "output": "x", "tool_call_id": "t1"}');
INSERT INTO "parts" VALUES (19, 'b2:227f20d8f639c751eb4f1beb3010eb22', 1, 'tool_result', 'version', NULL, '{"name": "version", "output": "y", "tool_call_id": "t2"}');
INSERT INTO "parts" VALUES (20, 'b2:5b609abbaa3c85393a066395341c5dfd', 0, 'text', NULL, 'Go another way', NULL);
INSERT INTO "parts" VALUES (21, 'b2:f69af26ecc1f50528fbb05b05dc2a8d5', 0, 'text', NULL, 'Elsewhere.', NULL);
INSERT INTO "parts" VALUES (22, 'b2:62b7bf92745c11b1507ab0e819042663', 0, 'text', NULL, 'Say hello again', NULL);
INSERT INTO "parts" VALUES (23, 'b2:4ef95424e788a3f5b2cc04214b77d1a9', 0, 'text', NULL, 'hello', NULL);
CREATE TABLE "part_attachments" (
   "part_id" INTEGER REFERENCES "parts"("id"),
   "attachment_id" TEXT REFERENCES "attachments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("part_id", "attachment_id", "order")
);
INSERT INTO "part_attachments" VALUES (10, 'c9880aff1980992d9f1969638642174d0cfb59db28ea2336eda8648b0b07d6e9', 0);
CREATE TABLE "part_fragments" (
   "part_id" INTEGER REFERENCES "parts"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   PRIMARY KEY ("part_id", "fragment_id", "order")
);
INSERT INTO "part_fragments" VALUES (9, 2, 0);
CREATE TABLE "threads" (
   "id" TEXT PRIMARY KEY,
   "name" TEXT,
   "tip_message_hash" TEXT REFERENCES "messages"("hash"),
   "forked_from" TEXT REFERENCES "threads"("id"),
   "datetime_utc" TEXT
);
INSERT INTO "threads" VALUES ('01m7wrg3867wbcy9e2cztkhmjz', 'And in the new version?', 'b2:34a91d43fef157b4c5d368e7a26085da', NULL, '2026-11-20 15:19:00.742745+00:00');
INSERT INTO "threads" VALUES ('01m7wrm7cge84b96gwezwadcgy', 'fragment of a file Look at the …', 'b2:39a1984cde3e75944e4b1bc722ed8a87', NULL, '2026-11-20 15:19:00.754458+00:00');
INSERT INTO "threads" VALUES ('01m7wrm7cv41ffwnj6fyfy7d4x', 'A fork', 'b2:f69af26ecc1f50528fbb05b05dc2a8d5', '01m7wrm7cge84b96gwezwadcgy', '2026-11-20 15:19:00.763467+00:00');
INSERT INTO "threads" VALUES ('01m7wrm7d7z9xgj3dtpn3mma7c', 'Say hello again', 'b2:4ef95424e788a3f5b2cc04214b77d1a9', NULL, '2026-11-20 15:19:00.775650+00:00');
CREATE TABLE "turns" (
   "id" TEXT PRIMARY KEY,
   "thread_id" TEXT REFERENCES "threads"("id"),
   "parent_message_hash" TEXT REFERENCES "messages"("hash"),
   "tip_message_hash" TEXT REFERENCES "messages"("hash"),
   "model" TEXT,
   "resolved_model" TEXT,
   "options_json" TEXT,
   "schema_id" TEXT REFERENCES "schemas"("id"),
   "input_tokens" INTEGER,
   "output_tokens" INTEGER,
   "token_details" TEXT,
   "duration_ms" INTEGER,
   "datetime_utc" TEXT
, "response_json" TEXT);
INSERT INTO "turns" VALUES ('01m7wrm7c5b259y8xwzhdcc519', '01m7wrg3867wbcy9e2cztkhmjz', 'b2:b892651cf584e14a20d014f40dd41318', 'b2:34a91d43fef157b4c5d368e7a26085da', 'mock', NULL, '{"t": 0}', NULL, 300, 40, '{"prompt_tokens_details": {"cached_tokens": 200}, "completion_tokens_details": {"reasoning_tokens": 25}}', 0, '2026-11-20T15:19:00.742000+00:00', '{"id": "r"}');
INSERT INTO "turns" VALUES ('01m7wrm7ch6dm1548bp1vdkat8', '01m7wrm7cge84b96gwezwadcgy', 'b2:7e1622101c7ac0d81f4f337c5dc9c58b', 'b2:066fd3c9fb87d73e76c9ef39bf7f6f21', 'mock', NULL, '{"t": 0}', NULL, 10, 2, NULL, 0, '2026-11-20T15:19:00.753972+00:00', '{"id": "r"}');
INSERT INTO "turns" VALUES ('01m7wrm7cjb32f8xhj7xav7tgd', '01m7wrm7cge84b96gwezwadcgy', 'b2:468054beee8887b8a78c92886c85e91f', 'b2:39a1984cde3e75944e4b1bc722ed8a87', 'mock', NULL, '{"t": 0}', NULL, 15, 3, '{"cache_read_input_tokens": 400, "cache_creation_input_tokens": 70}', 0, '2026-11-20T15:19:00.754157+00:00', '{"id": "r"}');
INSERT INTO "turns" VALUES ('01m7wrm7d3cegytzzdjbk0jypm', '01m7wrm7cv41ffwnj6fyfy7d4x', 'b2:5b609abbaa3c85393a066395341c5dfd', 'b2:f69af26ecc1f50528fbb05b05dc2a8d5', 'mock', NULL, '{"t": 0}', NULL, 20, 4, '{"candidatesTokenCount": 3, "thoughtsTokenCount": 1, "cachedContentTokenCount": 8}', 0, '2026-11-20T15:19:00.772023+00:00', '{"id": "r"}');
INSERT INTO "turns" VALUES ('01m7wrm7d7z9xgj3dtpn3mma7b', '01m7wrm7d7z9xgj3dtpn3mma7c', 'b2:62b7bf92745c11b1507ab0e819042663', 'b2:4ef95424e788a3f5b2cc04214b77d1a9', 'mock', NULL, '{"t": 0}', NULL, 5, 1, NULL, 0, '2026-11-20T15:19:00.775349+00:00', '{"id": "r"}');
CREATE TABLE "turn_fragments" (
   "turn_id" TEXT REFERENCES "turns"("id"),
   "fragment_id" INTEGER REFERENCES "fragments"("id"),
   "order" INTEGER,
   "kind" TEXT,
   PRIMARY KEY ("turn_id", "fragment_id", "kind", "order")
);
INSERT INTO "turn_fragments" VALUES ('01m7wrm7ch6dm1548bp1vdkat8', 2, 0, 'prompt');
CREATE TABLE "turn_tools" (
   "turn_id" TEXT REFERENCES "turns"("id"),
   "tool_id" INTEGER REFERENCES "tools"("id"),
   "instance_id" INTEGER REFERENCES "tool_instances"("id"),
   PRIMARY KEY ("turn_id", "tool_id")
);
INSERT INTO "turn_tools" VALUES ('01m7wrm7ch6dm1548bp1vdkat8', 1, NULL);
INSERT INTO "turn_tools" VALUES ('01m7wrm7cjb32f8xhj7xav7tgd', 1, NULL);
CREATE TABLE "tool_instantiations" (
   "turn_id" TEXT REFERENCES "turns"("id"),
   "tool_call_id" TEXT,
   "instance_id" INTEGER REFERENCES "tool_instances"("id"),
   PRIMARY KEY ("turn_id", "tool_call_id")
);
