-- A product has several pictures; the first of them stays the one that the release before shows and changes.
CREATE TABLE "product_picture" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "position" INT NOT NULL DEFAULT 0,
    "address" LONGTEXT NOT NULL,
    "product_id" BIGINT NOT NULL,
    "picture_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_product_picture" ("product_id", "picture_id"),
    KEY "ix_product_picture_file" ("picture_id"),
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("picture_id") REFERENCES "attachment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
INSERT INTO "product_picture" ("position", "address", "product_id", "picture_id")
SELECT 0, COALESCE(s."picture", ''), p."id", p."picture_id" FROM "product" p
LEFT JOIN "store_seen" s ON s."store" = p."store" AND s."external_id" = p."external_id" WHERE p."picture_id" IS NOT NULL;
