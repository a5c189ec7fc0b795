-- Each refund is a row with a key of its own, so that money can be given back in parts.
CREATE TABLE "refund" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "key" VARCHAR(96) NOT NULL,
    "asked_as" VARCHAR(96) NOT NULL,
    "amount" BIGINT NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "reason" VARCHAR(300) NOT NULL DEFAULT '',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "payment_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_refund_key" ("key"),
    UNIQUE KEY "uid_refund" ("payment_id", "asked_as"),
    CONSTRAINT "fk_refund_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- What went back before had one key for each payment.
INSERT INTO "refund" ("key", "asked_as", "amount", "state", "created_at", "updated_at", "payment_id")
SELECT CONCAT('refund:', "key"), CONCAT('refund:', "key"), "refunded", 'given', "updated_at", "updated_at", "id" FROM "payment" WHERE "refunded" > 0;
-- Money that comes by hand: what staff confirmed is what is true of it.
CREATE TABLE "receipt" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "key" VARCHAR(96) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "at" DATETIME(6) NOT NULL,
    "payment_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_receipt" ("payment_id", "key"),
    KEY "ix_receipt_at" ("at"),
    CONSTRAINT "fk_receipt_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
