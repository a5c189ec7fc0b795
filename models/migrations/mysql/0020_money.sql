-- Double-entry books of the money: every posting is two rows of one cause, and they sum to nothing.
CREATE TABLE "ledger_entry" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "cause" VARCHAR(191) NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "at" DATETIME(6) NOT NULL,
    "payment_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_ledger_entry" ("cause", "account", "currency"),
    KEY "ix_ledger_entry_payment" ("payment_id"),
    KEY "ix_ledger_entry_account" ("account", "at"),
    CONSTRAINT "fk_ledger_entry_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
ALTER TABLE "payment" ADD COLUMN "device" VARCHAR(8) NOT NULL DEFAULT 'any';
ALTER TABLE "payment" ADD COLUMN "code" VARCHAR(1000) NOT NULL DEFAULT '';
-- What the shop holds already.
INSERT INTO "ledger_entry" ("cause", "account", "amount", "currency", "at", "payment_id")
SELECT CONCAT("key", ':1'), CONCAT('provider:', "provider"), "captured" - "refunded", "captured_currency", "updated_at", "id"
FROM "payment" WHERE "captured" > "refunded";
INSERT INTO "ledger_entry" ("cause", "account", "amount", "currency", "at", "payment_id")
SELECT CONCAT("key", ':1'), CASE "state" WHEN 'mismatch' THEN 'owed' ELSE 'sales' END, "refunded" - "captured", "captured_currency", "updated_at", "id"
FROM "payment" WHERE "captured" > "refunded";
