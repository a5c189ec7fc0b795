-- rebuild
-- What every message writes lies in as few pages as can be, so that it costs the same in a large database. An index that
-- holds only rows that are asked for by it is not touched by the others: most messages have no id of their sender's, most
-- conversations no owner, and nobody waits in most of them. Without the time of its last message a person's conversation
-- keeps its place. What is pending is asked for in the order of its ids.
CREATE TABLE "message_new" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "seq" INT NOT NULL,
    "author" VARCHAR(16) NOT NULL,
    "staff_id" BIGINT,
    "text" TEXT NOT NULL DEFAULT '',
    "body" TEXT NOT NULL DEFAULT '',
    "client_id" VARCHAR(64),
    "delivery" VARCHAR(16) NOT NULL DEFAULT '',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_message_convers_bc0d0e" UNIQUE ("conversation_id", "seq")
);
INSERT INTO "message_new" ("id", "seq", "author", "staff_id", "text", "body", "client_id", "delivery", "error", "at", "conversation_id")
SELECT "id", "seq", "author", "staff_id", "text", "body", "client_id", "delivery", "error", "at", "conversation_id" FROM "message";
-- No id is given twice, also if the newest messages are gone.
UPDATE "sqlite_sequence" SET "seq" = (SELECT "seq" FROM "sqlite_sequence" WHERE "name" = 'message') WHERE "name" = 'message_new';
INSERT INTO "sqlite_sequence" ("name", "seq") SELECT 'message_new', "seq" FROM "sqlite_sequence"
WHERE "name" = 'message' AND NOT EXISTS (SELECT 1 FROM "sqlite_sequence" WHERE "name" = 'message_new');
DROP TABLE "message";
ALTER TABLE "message_new" RENAME TO "message";
CREATE UNIQUE INDEX "uid_message_client" ON "message" ("conversation_id", "client_id") WHERE "client_id" IS NOT NULL;
CREATE INDEX "ix_message_at" ON "message" ("at", "id");
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
DROP INDEX "ix_conversation_contact";
CREATE INDEX "ix_conversation_person" ON "conversation" ("contact_id");
DROP INDEX "ix_conversation_owner";
CREATE INDEX "ix_conversation_owned" ON "conversation" ("owner_id", "last_at", "id") WHERE "owner_id" IS NOT NULL;
DROP INDEX "ix_conversation_waiting";
CREATE INDEX "ix_conversation_wait" ON "conversation" ("waiting_since", "id") WHERE "waiting_since" IS NOT NULL;
DROP INDEX "ix_effect_pending";
CREATE INDEX "ix_effect_pending" ON "effect" ("id") WHERE "state" = 'pending';
