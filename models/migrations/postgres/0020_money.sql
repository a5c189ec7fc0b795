-- Double-entry books of the money: every posting is two rows of one cause, and they sum to nothing.
CREATE TABLE "ledger_entry" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "cause" VARCHAR(191) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "payment_id" BIGINT NOT NULL REFERENCES "payment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_ledger_entry" UNIQUE ("cause", "account", "currency")
);
CREATE INDEX "ix_ledger_entry_payment" ON "ledger_entry" ("payment_id");
CREATE INDEX "ix_ledger_entry_account" ON "ledger_entry" ("account", "at");
ALTER TABLE "payment" ADD COLUMN "device" VARCHAR(8) NOT NULL DEFAULT 'any';
ALTER TABLE "payment" ADD COLUMN "code" VARCHAR(1000) NOT NULL DEFAULT '';
-- What the shop holds already.
INSERT INTO "ledger_entry" ("cause", "account", "amount", "currency", "at", "payment_id")
SELECT "key" || ':1', 'provider:' || "provider", "captured" - "refunded", "captured_currency", "updated_at", "id"
FROM "payment" WHERE "captured" > "refunded";
INSERT INTO "ledger_entry" ("cause", "account", "amount", "currency", "at", "payment_id")
SELECT "key" || ':1', CASE "state" WHEN 'mismatch' THEN 'owed' ELSE 'sales' END, "refunded" - "captured", "captured_currency", "updated_at", "id"
FROM "payment" WHERE "captured" > "refunded";
