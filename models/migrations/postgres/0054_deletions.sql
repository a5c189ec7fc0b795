-- What became of wishes to be forgotten: without a word of whose they were, so that it outlives the week of the queues.
CREATE TABLE "deletion" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "asked_at" TIMESTAMPTZ NOT NULL,
    "done_at" TIMESTAMPTZ,
    "messages" INT,
    "files" INT,
    "orders" INT
);
CREATE UNIQUE INDEX "uid_deletion_code" ON "deletion" ("code");
CREATE INDEX "ix_deletion_asked" ON "deletion" ("asked_at");
