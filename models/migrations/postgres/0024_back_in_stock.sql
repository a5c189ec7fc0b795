-- online
-- Who wants to be told when a variant is back; and what products are found by, which the program writes.
CREATE TABLE IF NOT EXISTS "stock_alert" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "conversation_id" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_alert" UNIQUE ("contact_id", "variant_id")
);
CREATE INDEX IF NOT EXISTS "ix_stock_alert_variant" ON "stock_alert" ("variant_id");
CREATE TABLE IF NOT EXISTS "product_search" (
    "product_id" BIGINT NOT NULL PRIMARY KEY REFERENCES "product" ("id") ON DELETE CASCADE,
    "text" TEXT NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
-- What was ordered before there were variants. Others write meanwhile; what they add names its variant already.
UPDATE "order_line" l SET "variant_id" = v."id" FROM "variant" v
WHERE v."product_id" = l."product_id" AND l."variant_id" IS NULL AND v."id" = (SELECT MIN("id") FROM "variant" WHERE "product_id" = l."product_id");
