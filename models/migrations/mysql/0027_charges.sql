-- What a platform told of a payment inside its client: its proof, since there is nobody else to ask. One for a payment.
CREATE TABLE "charge" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "charge" VARCHAR(255) NOT NULL,
    "other" VARCHAR(255) NOT NULL DEFAULT '',
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "refunded" BIGINT NOT NULL DEFAULT 0,
    "at" DATETIME(6) NOT NULL,
    "payment_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_charge" ("account", "charge"),
    UNIQUE KEY "uid_charge_payment" ("payment_id"),
    KEY "ix_charge_at" ("at"),
    CONSTRAINT "fk_charge_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
