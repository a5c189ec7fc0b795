-- What becomes of an order after it was paid: what it left as, when it came, and what its customer was asked once.
ALTER TABLE "order" ADD COLUMN "delivered_at" DATETIME(6);
ALTER TABLE "order" ADD COLUMN "review_asked_at" DATETIME(6);
CREATE INDEX "ix_order_review" ON "order" ("review_asked_at", "delivered_at");
CREATE TABLE "shipment" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "carrier" VARCHAR(80) NOT NULL DEFAULT '',
    "number" VARCHAR(80) NOT NULL DEFAULT '',
    "url" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" DATETIME(6) NOT NULL,
    "order_id" BIGINT NOT NULL,
    KEY "ix_shipment_order" ("order_id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
ALTER TABLE "cart_line" ADD COLUMN "reminded_at" DATETIME(6);
CREATE INDEX "ix_cart_line_reminded" ON "cart_line" ("reminded_at", "created_at");
