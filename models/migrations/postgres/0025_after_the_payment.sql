-- What becomes of an order after it was paid: what it left as, when it came, and what its customer was asked once.
ALTER TABLE "order" ADD COLUMN "delivered_at" TIMESTAMPTZ;
ALTER TABLE "order" ADD COLUMN "review_asked_at" TIMESTAMPTZ;
CREATE INDEX "ix_order_review" ON "order" ("review_asked_at", "delivered_at");
CREATE TABLE "shipment" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "carrier" VARCHAR(80) NOT NULL DEFAULT '',
    "number" VARCHAR(80) NOT NULL DEFAULT '',
    "url" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" TIMESTAMPTZ NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_shipment_order" ON "shipment" ("order_id");
ALTER TABLE "cart_line" ADD COLUMN "reminded_at" TIMESTAMPTZ;
CREATE INDEX "ix_cart_line_reminded" ON "cart_line" ("reminded_at", "created_at");
