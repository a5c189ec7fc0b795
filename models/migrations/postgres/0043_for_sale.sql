-- What lists of products go by: a row for each currency that a product is sold in. What the release before changes meanwhile is not
-- "listed", and is written anew.
CREATE TABLE "for_sale" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "currency" VARCHAR(3) NOT NULL,
    "lowest" BIGINT NOT NULL,
    "position" INT NOT NULL,
    "category" VARCHAR(64) NOT NULL DEFAULT '',
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_for_sale" UNIQUE ("product_id", "currency")
);
CREATE INDEX "ix_for_sale_position" ON "for_sale" ("currency", "position", "product_id");
CREATE INDEX "ix_for_sale_lowest" ON "for_sale" ("currency", "lowest", "product_id");
CREATE INDEX "ix_for_sale_category" ON "for_sale" ("currency", "category", "position", "product_id");
CREATE INDEX "ix_for_sale_newest" ON "for_sale" ("currency", "product_id");
ALTER TABLE "product_search" ADD COLUMN "listed" BOOL NOT NULL DEFAULT False;
INSERT INTO "for_sale" ("product_id", "currency", "lowest", "position", "category")
SELECT p."id", r."currency", MIN(r."amount"), p."position", p."category"
FROM "product" p JOIN "variant" v ON v."product_id" = p."id" JOIN "price" r ON r."variant_id" = v."id"
WHERE p."active" = TRUE AND v."active" = TRUE GROUP BY p."id", r."currency", p."position", p."category";
