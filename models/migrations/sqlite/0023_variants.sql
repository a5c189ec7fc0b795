-- rebuild
-- A product has variants, and one without options has one: what is in carts, orders and holds is a variant. Each has its
-- prices by currency, and its pieces lie at places. Columns "store", "external_id" and "external_updated_at" say where a
-- row is in a connected shop.
ALTER TABLE "product" ADD COLUMN "store" VARCHAR(32);
ALTER TABLE "product" ADD COLUMN "external_id" VARCHAR(128);
ALTER TABLE "product" ADD COLUMN "external_updated_at" TIMESTAMP;
ALTER TABLE "product" ADD COLUMN "options" JSON NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX "uid_product_external" ON "product" ("store", "external_id");
CREATE TABLE "variant" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "sku" VARCHAR(64) NOT NULL UNIQUE,
    "barcode" VARCHAR(64) NOT NULL DEFAULT '',
    "option_values" JSON NOT NULL DEFAULT '[]',
    "position" INT NOT NULL DEFAULT 0,
    "active" INT NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMP NOT NULL,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" TIMESTAMP,
    "picture_id" BIGINT REFERENCES "attachment" ("id") ON DELETE SET NULL,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_variant" UNIQUE ("store", "external_id")
);
CREATE INDEX "ix_variant_product" ON "variant" ("product_id", "position");
CREATE INDEX "ix_variant_picture" ON "variant" ("picture_id");
CREATE TABLE "price" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "amount" BIGINT NOT NULL,
    "compare_at" BIGINT,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_price" UNIQUE ("variant_id", "currency")
);
CREATE TABLE "place" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "code" VARCHAR(64) NOT NULL UNIQUE,
    "name" JSON NOT NULL,
    "position" INT NOT NULL DEFAULT 0,
    "active" INT NOT NULL DEFAULT 1,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" TIMESTAMP,
    CONSTRAINT "uid_place" UNIQUE ("store", "external_id")
);
CREATE TABLE "stock" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "pieces" INT NOT NULL,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    "place_id" BIGINT NOT NULL REFERENCES "place" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock" UNIQUE ("variant_id", "place_id")
);
CREATE TABLE "stock_pick" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    "place_id" BIGINT NOT NULL REFERENCES "place" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_pick" UNIQUE ("order_id", "variant_id", "place_id")
);
-- Each product that is there has one variant, whose pieces lie at one place.
INSERT INTO "variant" ("product_id", "sku", "option_values", "active", "updated_at")
SELECT "id", "sku", '[]', 1, "updated_at" FROM "product";
INSERT INTO "price" ("variant_id", "currency", "amount")
SELECT v."id", p."currency", p."price" FROM "variant" v JOIN "product" p ON p."id" = v."product_id";
INSERT INTO "place" ("code", "name") SELECT 'main', '{"en": "Shop", "zh": "本店"}' WHERE EXISTS (SELECT 1 FROM "product");
INSERT INTO "stock" ("variant_id", "place_id", "pieces")
SELECT v."id", l."id", p."stock" FROM "product" p JOIN "variant" v ON v."product_id" = p."id" JOIN "place" l ON l."code" = 'main';
ALTER TABLE "order_line" ADD COLUMN "variant_id" BIGINT REFERENCES "variant" ("id") ON DELETE SET NULL;
UPDATE "order_line" SET "variant_id" = (SELECT "id" FROM "variant" WHERE "product_id" = "order_line"."product_id");
CREATE TABLE "cart_line_new" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "price_seen" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_cart_line" UNIQUE ("contact_id", "variant_id")
);
INSERT INTO "cart_line_new" ("id", "quantity", "price_seen", "currency", "created_at", "contact_id", "product_id", "variant_id")
SELECT c."id", c."quantity", c."price_seen", p."currency", c."created_at", c."contact_id", c."product_id", v."id"
FROM "cart_line" c JOIN "product" p ON p."id" = c."product_id" JOIN "variant" v ON v."product_id" = p."id";
DROP TABLE "cart_line";
ALTER TABLE "cart_line_new" RENAME TO "cart_line";
CREATE TABLE "stock_hold_new" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "expires_at" TIMESTAMP NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_hold" UNIQUE ("order_id", "variant_id")
);
INSERT INTO "stock_hold_new" ("id", "quantity", "expires_at", "order_id", "product_id", "variant_id")
SELECT h."id", h."quantity", h."expires_at", h."order_id", h."product_id", v."id"
FROM "stock_hold" h JOIN "variant" v ON v."product_id" = h."product_id";
DROP TABLE "stock_hold";
ALTER TABLE "stock_hold_new" RENAME TO "stock_hold";
CREATE INDEX "ix_stock_hold_product" ON "stock_hold" ("product_id", "expires_at");
CREATE INDEX "ix_stock_hold_variant" ON "stock_hold" ("variant_id", "expires_at");
