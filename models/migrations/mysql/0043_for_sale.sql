-- What lists of products go by: a row for each currency that a product is sold in. What the release before changes meanwhile is not
-- "listed", and is written anew.
CREATE TABLE "for_sale" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "currency" VARCHAR(3) NOT NULL,
    "lowest" BIGINT NOT NULL,
    "position" INT NOT NULL,
    "category" VARCHAR(64) NOT NULL DEFAULT '',
    "product_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_for_sale" ("product_id", "currency"),
    KEY "ix_for_sale_position" ("currency", "position", "product_id"),
    KEY "ix_for_sale_lowest" ("currency", "lowest", "product_id"),
    KEY "ix_for_sale_category" ("currency", "category", "position", "product_id"),
    KEY "ix_for_sale_newest" ("currency", "product_id"),
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
ALTER TABLE "product_search" ADD COLUMN "listed" BOOL NOT NULL DEFAULT 0;
INSERT INTO "for_sale" ("product_id", "currency", "lowest", "position", "category")
SELECT p."id", r."currency", MIN(r."amount"), p."position", p."category"
FROM "product" p JOIN "variant" v ON v."product_id" = p."id" JOIN "price" r ON r."variant_id" = v."id"
WHERE p."active" = TRUE AND v."active" = TRUE GROUP BY p."id", r."currency", p."position", p."category";
