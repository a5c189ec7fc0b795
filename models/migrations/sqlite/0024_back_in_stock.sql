-- Who wants to be told when a variant is back; and what products are found by, which the program writes.
CREATE TABLE "stock_alert" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_alert" UNIQUE ("contact_id", "variant_id")
);
CREATE INDEX "ix_stock_alert_variant" ON "stock_alert" ("variant_id");
CREATE TABLE "product_search" (
    "product_id" BIGINT NOT NULL PRIMARY KEY REFERENCES "product" ("id") ON DELETE CASCADE,
    "text" TEXT NOT NULL,
    "updated_at" TIMESTAMP NOT NULL
);
