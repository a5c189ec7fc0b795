-- What became of each piece of a message that leaves in several.
CREATE TABLE "message_piece" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "seq" INT NOT NULL,
    "number" INT NOT NULL,
    "is_last" BOOL NOT NULL DEFAULT False,
    "external_id" VARCHAR(191) NOT NULL DEFAULT '',
    "delivery" VARCHAR(16) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_message_piece" UNIQUE ("conversation_id", "seq", "number")
);
CREATE INDEX "ix_message_piece_id" ON "message_piece" ("conversation_id", "external_id");
