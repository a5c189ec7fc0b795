-- What categories are called, by language. Those of products stay texts, which the release before goes on writing.
CREATE TABLE "category" (
    "code" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" JSON NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE INDEX "ix_product_category" ON "product" ("category", "id");
