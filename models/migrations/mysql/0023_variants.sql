-- A product has variants, and one without options has one: what is in carts, orders and holds is a variant. Each has its
-- prices by currency, and its pieces lie at places. Columns "store", "external_id" and "external_updated_at" say where a
-- row is in a connected shop.
ALTER TABLE "product" ADD COLUMN "store" VARCHAR(32);
ALTER TABLE "product" ADD COLUMN "external_id" VARCHAR(128);
ALTER TABLE "product" ADD COLUMN "external_updated_at" DATETIME(6);
ALTER TABLE "product" ADD COLUMN "options" JSON NOT NULL DEFAULT ('[]');
CREATE UNIQUE INDEX "uid_product_external" ON "product" ("store", "external_id");
CREATE TABLE "variant" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "sku" VARCHAR(64) NOT NULL UNIQUE,
    "barcode" VARCHAR(64) NOT NULL DEFAULT '',
    "option_values" JSON NOT NULL DEFAULT ('[]'),
    "position" INT NOT NULL DEFAULT 0,
    "active" BOOL NOT NULL DEFAULT TRUE,
    "updated_at" DATETIME(6) NOT NULL,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" DATETIME(6),
    "picture_id" BIGINT,
    "product_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_variant" ("store", "external_id"),
    KEY "ix_variant_product" ("product_id", "position"),
    KEY "ix_variant_picture" ("picture_id"),
    FOREIGN KEY ("picture_id") REFERENCES "attachment" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "price" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "currency" VARCHAR(3) NOT NULL,
    "amount" BIGINT NOT NULL,
    "compare_at" BIGINT,
    "variant_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_price" ("variant_id", "currency"),
    FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "place" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "code" VARCHAR(64) NOT NULL UNIQUE,
    "name" JSON NOT NULL,
    "position" INT NOT NULL DEFAULT 0,
    "active" BOOL NOT NULL DEFAULT TRUE,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" DATETIME(6),
    UNIQUE KEY "uid_place" ("store", "external_id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "stock" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "pieces" INT NOT NULL,
    "variant_id" BIGINT NOT NULL,
    "place_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_stock" ("variant_id", "place_id"),
    FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("place_id") REFERENCES "place" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "stock_pick" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "quantity" INT NOT NULL,
    "order_id" BIGINT NOT NULL,
    "variant_id" BIGINT NOT NULL,
    "place_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_stock_pick" ("order_id", "variant_id", "place_id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("place_id") REFERENCES "place" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
ALTER TABLE "cart_line" ADD COLUMN "currency" VARCHAR(3) NOT NULL DEFAULT '', ADD COLUMN "variant_id" BIGINT;
ALTER TABLE "stock_hold" ADD COLUMN "variant_id" BIGINT, ADD KEY "ix_stock_hold_variant" ("variant_id", "expires_at");
ALTER TABLE "order_line" ADD COLUMN "variant_id" BIGINT, ADD FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE SET NULL;
-- The release before names the product only, and counts its pieces there: what it writes means the one variant.
CREATE TRIGGER "stock_hold_of_product" BEFORE INSERT ON "stock_hold" FOR EACH ROW
    SET NEW."variant_id" = COALESCE(NEW."variant_id", (SELECT MIN("id") FROM "variant" WHERE "product_id" = NEW."product_id"));
CREATE TRIGGER "order_line_of_product" BEFORE INSERT ON "order_line" FOR EACH ROW
    SET NEW."variant_id" = COALESCE(NEW."variant_id", (SELECT MIN("id") FROM "variant" WHERE "product_id" = NEW."product_id"));
CREATE TRIGGER "cart_line_of_product" BEFORE INSERT ON "cart_line" FOR EACH ROW
    SET NEW."variant_id" = COALESCE(NEW."variant_id", (SELECT MIN("id") FROM "variant" WHERE "product_id" = NEW."product_id")),
    NEW."currency" = COALESCE(NULLIF(NEW."currency", ''), (SELECT "currency" FROM "product" WHERE "id" = NEW."product_id"));
-- Each of the two follows the other, and nothing follows a follower.
CREATE TRIGGER "product_stock_moved" AFTER UPDATE ON "product" FOR EACH ROW
    IF NEW."stock" <> OLD."stock" AND @parley_follows IS NULL THEN SET @parley_follows = 1; UPDATE "stock" SET "pieces" = "pieces" + NEW."stock" - OLD."stock" WHERE "variant_id" = (SELECT MIN("id") FROM "variant" WHERE "product_id" = NEW."id") AND "place_id" = (SELECT "id" FROM "place" WHERE "code" = 'main'); SET @parley_follows = NULL; END IF;
CREATE TRIGGER "stock_moved" AFTER UPDATE ON "stock" FOR EACH ROW
    IF NEW."pieces" <> OLD."pieces" AND @parley_follows IS NULL THEN SET @parley_follows = 1; UPDATE "product" SET "stock" = "stock" + NEW."pieces" - OLD."pieces" WHERE "id" = (SELECT "product_id" FROM "variant" WHERE "id" = NEW."variant_id"); SET @parley_follows = NULL; END IF;
-- Each product that is there has one variant, whose pieces lie at one place.
INSERT INTO "variant" ("product_id", "sku", "option_values", "active", "updated_at")
SELECT "id", "sku", '[]', TRUE, "updated_at" FROM "product";
INSERT INTO "price" ("variant_id", "currency", "amount")
SELECT v."id", p."currency", p."price" FROM "variant" v JOIN "product" p ON p."id" = v."product_id";
INSERT INTO "place" ("code", "name") SELECT 'main', '{"en": "Shop", "zh": "本店"}' FROM DUAL WHERE EXISTS (SELECT 1 FROM "product");
INSERT INTO "stock" ("variant_id", "place_id", "pieces")
SELECT v."id", l."id", p."stock" FROM "product" p JOIN "variant" v ON v."product_id" = p."id" JOIN "place" l ON l."code" = 'main' LOCK IN SHARE MODE;
UPDATE "cart_line" c JOIN "product" p ON p."id" = c."product_id" JOIN "variant" v ON v."product_id" = p."id"
SET c."variant_id" = v."id", c."currency" = p."currency";
UPDATE "stock_hold" h JOIN "variant" v ON v."product_id" = h."product_id" SET h."variant_id" = v."id";
ALTER TABLE "cart_line" MODIFY COLUMN "variant_id" BIGINT NOT NULL, ADD UNIQUE KEY "uid_cart_line" ("contact_id", "variant_id"),
    DROP KEY "uid_cart_line_contact_d28996", ADD FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE;
ALTER TABLE "stock_hold" MODIFY COLUMN "variant_id" BIGINT NOT NULL, ADD UNIQUE KEY "uid_stock_hold" ("order_id", "variant_id"),
    DROP KEY "uid_stock_hold_order_i_8633ab", ADD FOREIGN KEY ("variant_id") REFERENCES "variant" ("id") ON DELETE CASCADE;
