-- online
-- What every message writes lies in as few pages as can be, so that it costs the same in a large database. An index that
-- holds only rows that are asked for by it is not touched by the others: most messages have no id of their sender's, most
-- conversations no owner, and nobody waits in most of them. Without the time of its last message a person's conversation
-- keeps its place. What is pending is asked for by shard.
DROP INDEX CONCURRENTLY IF EXISTS "uid_message_client";
CREATE UNIQUE INDEX CONCURRENTLY "uid_message_client" ON "message" ("conversation_id", "client_id")
WHERE "client_id" IS NOT NULL;
ALTER TABLE "message" DROP CONSTRAINT IF EXISTS "uid_message_convers_e4db55";
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_person";
CREATE INDEX CONCURRENTLY "ix_conversation_person" ON "conversation" ("contact_id");
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_contact";
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_owned";
CREATE INDEX CONCURRENTLY "ix_conversation_owned" ON "conversation" ("owner_id", "last_at", "id")
WHERE "owner_id" IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_owner";
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_wait";
CREATE INDEX CONCURRENTLY "ix_conversation_wait" ON "conversation" ("waiting_since", "id")
WHERE "waiting_since" IS NOT NULL;
DROP INDEX CONCURRENTLY IF EXISTS "ix_conversation_waiting";
DROP INDEX CONCURRENTLY IF EXISTS "ix_effect_pending";
