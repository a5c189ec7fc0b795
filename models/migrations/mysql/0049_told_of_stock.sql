-- For whom a piece that is back is left for some hours: who was told of it and has not ordered yet.
CREATE TABLE "stock_told" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "at" DATETIME(6) NOT NULL,
    "until" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "variant_id" BIGINT NOT NULL,
    KEY "ix_stock_told_variant" ("variant_id"),
    KEY "ix_stock_told_contact" ("contact_id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
