-- What the desk's lists and its search need.
CREATE INDEX "ix_conversation_waiting_last" ON "conversation" ("last_at", "id") WHERE "waiting_since" IS NOT NULL;
CREATE INDEX "ix_conversation_attention_last" ON "conversation" ("last_at", "id") WHERE "attention" <> '';
CREATE INDEX "ix_order_state_created" ON "order" ("state", "created_at", "id");
CREATE INDEX "ix_contact_name" ON "contact" ("name");
CREATE INDEX "ix_contact_phone" ON "contact" ("phone") WHERE "phone" <> '';

-- Words that people wrote, by groups of three letters, so that any part of a word in any language is found. The index holds
-- no texts. It is filled in batches up to the mark, so that storing a message does not wait for it.
CREATE VIRTUAL TABLE "message_search" USING fts5("text", content='message', content_rowid='id', tokenize='trigram', detail=none);
CREATE TABLE "message_search_mark" ("id" INTEGER PRIMARY KEY CHECK ("id" = 1), "indexed" INTEGER NOT NULL);
INSERT INTO "message_search_mark" VALUES (1, 0);
CREATE TRIGGER "message_search_delete" AFTER DELETE ON "message"
WHEN old."text" <> '' AND old."author" IN ('customer', 'staff', 'note') AND old."id" <= (SELECT "indexed" FROM "message_search_mark")
BEGIN
    INSERT INTO "message_search" ("message_search", "rowid", "text") VALUES ('delete', old."id", old."text");
END;
CREATE TRIGGER "message_search_update" AFTER UPDATE OF "text" ON "message"
WHEN old."text" <> new."text" AND old."author" IN ('customer', 'staff', 'note') AND old."id" <= (SELECT "indexed" FROM "message_search_mark")
BEGIN
    INSERT INTO "message_search" ("message_search", "rowid", "text") SELECT 'delete', old."id", old."text" WHERE old."text" <> '';
    INSERT INTO "message_search" ("rowid", "text") SELECT new."id", new."text" WHERE new."text" <> '';
END;

CREATE VIRTUAL TABLE "contact_search" USING fts5("name", "phone", "email", content='contact', content_rowid='id', tokenize='trigram', detail=column);
INSERT INTO "contact_search" ("rowid", "name", "phone", "email") SELECT "id", "name", "phone", "email" FROM "contact";
CREATE TRIGGER "contact_search_insert" AFTER INSERT ON "contact"
BEGIN
    INSERT INTO "contact_search" ("rowid", "name", "phone", "email") VALUES (new."id", new."name", new."phone", new."email");
END;
CREATE TRIGGER "contact_search_delete" AFTER DELETE ON "contact"
BEGIN
    INSERT INTO "contact_search" ("contact_search", "rowid", "name", "phone", "email")
    VALUES ('delete', old."id", old."name", old."phone", old."email");
END;
CREATE TRIGGER "contact_search_update" AFTER UPDATE OF "name", "phone", "email" ON "contact"
BEGIN
    INSERT INTO "contact_search" ("contact_search", "rowid", "name", "phone", "email")
    VALUES ('delete', old."id", old."name", old."phone", old."email");
    INSERT INTO "contact_search" ("rowid", "name", "phone", "email") VALUES (new."id", new."name", new."phone", new."email");
END;
