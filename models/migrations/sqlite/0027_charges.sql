-- What a platform told of a payment inside its client: its proof, since there is nobody else to ask. One for a payment.
CREATE TABLE "charge" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "charge" VARCHAR(255) NOT NULL,
    "other" VARCHAR(255) NOT NULL DEFAULT '',
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "refunded" BIGINT NOT NULL DEFAULT 0,
    "at" TIMESTAMP NOT NULL,
    "payment_id" BIGINT NOT NULL REFERENCES "payment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_charge" UNIQUE ("account", "charge"),
    CONSTRAINT "uid_charge_payment" UNIQUE ("payment_id")
);
CREATE INDEX "ix_charge_at" ON "charge" ("at");
