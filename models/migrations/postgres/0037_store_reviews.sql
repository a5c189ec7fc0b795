-- Reviews that a connected shop is to have of ours, and those that were written there.
CREATE TABLE "store_review" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "key" VARCHAR(160) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL DEFAULT '',
    "shown" BOOL NOT NULL DEFAULT FALSE,
    "stars" SMALLINT NOT NULL DEFAULT 0,
    "text" TEXT NOT NULL,
    "name" VARCHAR(80) NOT NULL DEFAULT '',
    "written_at" TIMESTAMPTZ,
    "tries" INT NOT NULL DEFAULT 0,
    "retry_at" TIMESTAMPTZ,
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMPTZ NOT NULL,
    "review_id" BIGINT REFERENCES "review" ("id") ON DELETE SET NULL,
    "contact_id" BIGINT REFERENCES "contact" ("id") ON DELETE SET NULL,
    "product_id" BIGINT REFERENCES "product" ("id") ON DELETE SET NULL,
    CONSTRAINT "uid_store_review" UNIQUE ("store", "key")
);
CREATE INDEX "ix_store_review_state" ON "store_review" ("store", "state");
CREATE INDEX "ix_store_review_external" ON "store_review" ("store", "external_id");
CREATE INDEX "ix_store_review_written" ON "store_review" ("state", "written_at", "id");
CREATE INDEX "ix_store_review_review" ON "store_review" ("review_id");
CREATE INDEX "ix_store_review_contact" ON "store_review" ("contact_id");
CREATE INDEX "ix_store_review_product" ON "store_review" ("product_id");
