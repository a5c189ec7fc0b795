-- Connected shops: how far each was read, what it said of a product last, what is wrong with that or was changed here, too, what it told by
-- itself, and our orders that it is to have.
CREATE TABLE "store_sync" (
    "store" VARCHAR(32) NOT NULL PRIMARY KEY,
    "cursor" TEXT NOT NULL,
    "state" VARCHAR(16) NOT NULL DEFAULT 'new',
    "done" INT NOT NULL DEFAULT 0,
    "total" INT,
    "began_at" TIMESTAMPTZ,
    "caught_up_at" TIMESTAMPTZ,
    "compared_at" TIMESTAMPTZ,
    "tries" INT NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ,
    "error" VARCHAR(300) NOT NULL DEFAULT ''
);
CREATE TABLE "store_seen" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "digest" VARCHAR(64) NOT NULL DEFAULT '',
    "said" JSONB NOT NULL,
    "picture" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ,
    "product_id" BIGINT REFERENCES "product" ("id") ON DELETE SET NULL,
    CONSTRAINT "uid_store_seen" UNIQUE ("store", "external_id")
);
CREATE INDEX "ix_store_seen_product" ON "store_seen" ("product_id");
CREATE TABLE "store_problem" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "code" VARCHAR(32) NOT NULL,
    "title" VARCHAR(200) NOT NULL DEFAULT '',
    "facts" JSONB NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    CONSTRAINT "uid_store_problem" UNIQUE ("store", "external_id", "code")
);
CREATE TABLE "store_conflict" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "field" VARCHAR(100) NOT NULL,
    "ours" TEXT NOT NULL,
    "theirs" TEXT NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_store_conflict" UNIQUE ("product_id", "field")
);
CREATE INDEX "ix_store_conflict_store" ON "store_conflict" ("store", "id");
CREATE TABLE "store_hint" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "key" VARCHAR(128) NOT NULL,
    "topic" VARCHAR(64) NOT NULL,
    "about" VARCHAR(16) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "done_at" TIMESTAMPTZ,
    CONSTRAINT "uid_store_hint" UNIQUE ("store", "key")
);
CREATE INDEX "ix_store_hint_done" ON "store_hint" ("done_at", "id");
CREATE TABLE "store_order" (
    "order_id" BIGINT NOT NULL PRIMARY KEY REFERENCES "order" ("id") ON DELETE CASCADE,
    "store" VARCHAR(32) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL DEFAULT '',
    "tries" INT NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ,
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "ix_store_order_state" ON "store_order" ("store", "state");
CREATE INDEX "ix_store_order_external" ON "store_order" ("store", "external_id");
