-- What an order costs besides its goods, as it was when it was placed: discount, shipping, tax.
CREATE TABLE "order_charge" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "name" VARCHAR(64) NOT NULL,
    "title" VARCHAR(120) NOT NULL DEFAULT '',
    "amount" BIGINT NOT NULL,
    "rate" INT NOT NULL DEFAULT 0,
    "included" INT NOT NULL DEFAULT 0,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_order_charge_order" ON "order_charge" ("order_id");
CREATE INDEX "ix_order_charge_name" ON "order_charge" ("kind", "name");
