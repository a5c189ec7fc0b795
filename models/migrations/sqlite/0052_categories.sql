-- What categories are called, by language. Those of products stay texts, which the release before goes on writing.
CREATE TABLE "category" (
    "code" VARCHAR(64) NOT NULL PRIMARY KEY,
    "name" JSON NOT NULL
);
CREATE INDEX "ix_product_category" ON "product" ("category", "id");
