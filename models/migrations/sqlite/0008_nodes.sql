-- One process serves a SQLite file, so nobody shares the work here; the tables are those of the other engines.
ALTER TABLE "inbound" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE "effect" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1;
CREATE TABLE "node" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "name" VARCHAR(100) NOT NULL,
    "roles" VARCHAR(40) NOT NULL,
    "session" VARCHAR(40) NOT NULL,
    "place" VARCHAR(200) NOT NULL,
    "until" REAL NOT NULL,
    "knows" BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE "shard" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "node_id" BIGINT
);
CREATE TABLE "duty" (
    "name" VARCHAR(100) NOT NULL PRIMARY KEY,
    "node_id" BIGINT
);
CREATE TABLE "errand" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "shard" SMALLINT NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "verb" VARCHAR(16) NOT NULL,
    "payload" TEXT NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'asked',
    "result" TEXT NOT NULL DEFAULT '',
    "until" REAL NOT NULL
);
CREATE INDEX "ix_errand_conversation" ON "errand" ("conversation_id");
