-- Who wants to be told when a variant is back; and what products are found by, which the program writes.
CREATE TABLE "stock_alert" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "conversation_id" BIGINT NOT NULL,
    "created_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "variant_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_stock_alert" ("contact_id", "variant_id"),
    KEY "ix_stock_alert_variant" ("variant_id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "product_search" (
    "product_id" BIGINT NOT NULL PRIMARY KEY,
    "text" LONGTEXT NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- What was ordered before there were variants. Others write meanwhile; what they add names its variant already.
UPDATE "order_line" l SET l."variant_id" = (SELECT MIN("id") FROM "variant" WHERE "product_id" = l."product_id")
WHERE l."variant_id" IS NULL AND l."product_id" IS NOT NULL;
