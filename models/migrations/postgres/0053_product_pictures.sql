-- A product has several pictures; the first of them stays the one that the release before shows and changes.
CREATE TABLE "product_picture" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "position" INT NOT NULL DEFAULT 0,
    "address" TEXT NOT NULL,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    "picture_id" BIGINT NOT NULL REFERENCES "attachment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_product_picture" UNIQUE ("product_id", "picture_id")
);
CREATE INDEX "ix_product_picture_file" ON "product_picture" ("picture_id");
INSERT INTO "product_picture" ("position", "address", "product_id", "picture_id")
SELECT 0, COALESCE(s."picture", ''), p."id", p."picture_id" FROM "product" p
LEFT JOIN "store_seen" s ON s."store" = p."store" AND s."external_id" = p."external_id" WHERE p."picture_id" IS NOT NULL;
