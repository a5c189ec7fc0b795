-- What the shop tells many, and each of them once.
CREATE TABLE "broadcast" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL DEFAULT '',
    "picture_id" BIGINT,
    "label" VARCHAR(64) NOT NULL DEFAULT '',
    "command" VARCHAR(64) NOT NULL DEFAULT '',
    "accounts" TEXT NOT NULL DEFAULT '[]',
    "language" VARCHAR(16) NOT NULL DEFAULT '',
    "bought" VARCHAR(3) NOT NULL DEFAULT '',
    "state" VARCHAR(10) NOT NULL DEFAULT 'scheduled',
    "reached" BIGINT NOT NULL DEFAULT 0,
    "staff_id" BIGINT,
    "send_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "ended_at" TIMESTAMPTZ
);
CREATE INDEX "ix_broadcast_state" ON "broadcast" ("state", "send_at");
CREATE TABLE "broadcast_copy" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "broadcast_id" BIGINT NOT NULL REFERENCES "broadcast" ("id") ON DELETE CASCADE,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_broadcast_copy" UNIQUE ("broadcast_id", "conversation_id")
);
CREATE INDEX "ix_broadcast_copy_conversation" ON "broadcast_copy" ("conversation_id");
