-- Several nodes share the work: each lane belongs to a shard, each shard to the node that works on it. Rows that are
-- there already, and those that a plain statement adds, have no shard yet; whoever works on lanes gives them theirs.
ALTER TABLE "inbound" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1;
ALTER TABLE "effect" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1;
CREATE INDEX "ix_inbound_shard" ON "inbound" ("shard", "id") WHERE "state" = 'pending';
CREATE INDEX "ix_effect_shard" ON "effect" ("shard", "id") WHERE "state" = 'pending';
CREATE TABLE "node" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL,
    "roles" VARCHAR(40) NOT NULL,
    "session" VARCHAR(40) NOT NULL,
    "place" VARCHAR(200) NOT NULL,
    "until" DOUBLE PRECISION NOT NULL,
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
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "shard" SMALLINT NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "verb" VARCHAR(16) NOT NULL,
    "payload" TEXT NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'asked',
    "result" TEXT NOT NULL DEFAULT '',
    "until" DOUBLE PRECISION NOT NULL
);
CREATE INDEX "ix_errand_conversation" ON "errand" ("conversation_id");
