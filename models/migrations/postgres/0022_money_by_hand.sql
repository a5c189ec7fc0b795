-- Each refund is a row with a key of its own, so that money can be given back in parts.
CREATE TABLE "refund" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "key" VARCHAR(96) NOT NULL,
    "asked_as" VARCHAR(96) NOT NULL,
    "amount" BIGINT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "reason" VARCHAR(300) NOT NULL DEFAULT '',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "payment_id" BIGINT NOT NULL REFERENCES "payment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_refund_key" UNIQUE ("key"),
    CONSTRAINT "uid_refund" UNIQUE ("payment_id", "asked_as")
);
-- What went back before had one key for each payment.
INSERT INTO "refund" ("key", "asked_as", "amount", "state", "created_at", "updated_at", "payment_id")
SELECT 'refund:' || "key", 'refund:' || "key", "refunded", 'given', "updated_at", "updated_at", "id" FROM "payment" WHERE "refunded" > 0;
-- Money that comes by hand: what staff confirmed is what is true of it.
CREATE TABLE "receipt" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "key" VARCHAR(96) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "at" TIMESTAMPTZ NOT NULL,
    "payment_id" BIGINT NOT NULL REFERENCES "payment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_receipt" UNIQUE ("payment_id", "key")
);
CREATE INDEX "ix_receipt_at" ON "receipt" ("at");
