-- A product has variants, and one without options has one: what is in carts, orders and holds is a variant. Each has its
-- prices by currency, and its pieces lie at places. Columns "store", "external_id" and "external_updated_at" say where a
-- row is in a connected shop.
ALTER TABLE "product" ADD COLUMN "store" VARCHAR(32);
ALTER TABLE "product" ADD COLUMN "external_id" VARCHAR(128);
ALTER TABLE "product" ADD COLUMN "external_updated_at" TIMESTAMPTZ;
ALTER TABLE "product" ADD COLUMN "options" JSONB NOT NULL DEFAULT '[]';
CREATE UNIQUE INDEX "uid_product_external" ON "product" ("store", "external_id");
CREATE TABLE "variant" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "sku" VARCHAR(64) NOT NULL UNIQUE,
    "barcode" VARCHAR(64) NOT NULL DEFAULT '',
    "option_values" JSONB NOT NULL DEFAULT '[]',
    "position" INT NOT NULL DEFAULT 0,
    "active" BOOL NOT NULL DEFAULT TRUE,
    "updated_at" TIMESTAMPTZ NOT NULL,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" TIMESTAMPTZ,
    "picture_id" BIGINT REFERENCES "attachment" ("id") ON DELETE SET NULL,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_variant" UNIQUE ("store", "external_id")
);
CREATE INDEX "ix_variant_product" ON "variant" ("product_id", "position");
CREATE INDEX "ix_variant_picture" ON "variant" ("picture_id");
CREATE TABLE "price" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "currency" VARCHAR(3) NOT NULL,
    "amount" BIGINT NOT NULL,
    "compare_at" BIGINT,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_price" UNIQUE ("variant_id", "currency")
);
CREATE TABLE "place" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "code" VARCHAR(64) NOT NULL UNIQUE,
    "name" JSONB NOT NULL,
    "position" INT NOT NULL DEFAULT 0,
    "active" BOOL NOT NULL DEFAULT TRUE,
    "store" VARCHAR(32),
    "external_id" VARCHAR(128),
    "external_updated_at" TIMESTAMPTZ,
    CONSTRAINT "uid_place" UNIQUE ("store", "external_id")
);
CREATE TABLE "stock" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "pieces" INT NOT NULL,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    "place_id" BIGINT NOT NULL REFERENCES "place" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock" UNIQUE ("variant_id", "place_id")
);
CREATE TABLE "stock_pick" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "quantity" INT NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE,
    "place_id" BIGINT NOT NULL REFERENCES "place" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_pick" UNIQUE ("order_id", "variant_id", "place_id")
);
ALTER TABLE "cart_line" ADD COLUMN "currency" VARCHAR(3) NOT NULL DEFAULT '';
ALTER TABLE "cart_line" ADD COLUMN "variant_id" BIGINT REFERENCES "variant" ("id") ON DELETE CASCADE;
ALTER TABLE "stock_hold" ADD COLUMN "variant_id" BIGINT REFERENCES "variant" ("id") ON DELETE CASCADE;
ALTER TABLE "order_line" ADD COLUMN "variant_id" BIGINT REFERENCES "variant" ("id") ON DELETE SET NULL;
-- Each product that is there has one variant, whose pieces lie at one place.
INSERT INTO "variant" ("product_id", "sku", "option_values", "active", "updated_at")
SELECT "id", "sku", '[]', TRUE, "updated_at" FROM "product";
INSERT INTO "price" ("variant_id", "currency", "amount")
SELECT v."id", p."currency", p."price" FROM "variant" v JOIN "product" p ON p."id" = v."product_id";
INSERT INTO "place" ("code", "name") SELECT 'main', '{"en": "Shop", "zh": "本店"}' WHERE EXISTS (SELECT 1 FROM "product");
INSERT INTO "stock" ("variant_id", "place_id", "pieces")
SELECT v."id", l."id", p."stock" FROM "product" p JOIN "variant" v ON v."product_id" = p."id" JOIN "place" l ON l."code" = 'main';
UPDATE "cart_line" c SET "variant_id" = v."id", "currency" = p."currency"
FROM "product" p JOIN "variant" v ON v."product_id" = p."id" WHERE p."id" = c."product_id";
UPDATE "stock_hold" h SET "variant_id" = v."id" FROM "variant" v WHERE v."product_id" = h."product_id";
ALTER TABLE "cart_line" ALTER COLUMN "variant_id" SET NOT NULL;
ALTER TABLE "cart_line" ADD CONSTRAINT "uid_cart_line" UNIQUE ("contact_id", "variant_id");
ALTER TABLE "cart_line" DROP CONSTRAINT "uid_cart_line_contact_d28996";
ALTER TABLE "stock_hold" ALTER COLUMN "variant_id" SET NOT NULL;
ALTER TABLE "stock_hold" ADD CONSTRAINT "uid_stock_hold" UNIQUE ("order_id", "variant_id");
ALTER TABLE "stock_hold" DROP CONSTRAINT "uid_stock_hold_order_i_8633ab";
CREATE INDEX "ix_stock_hold_variant" ON "stock_hold" ("variant_id", "expires_at");
-- The release before names the product only, and counts its pieces there: what it writes means the one variant.
CREATE FUNCTION names_its_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.variant_id := (SELECT min(id) FROM variant WHERE product_id = NEW.product_id);
    RETURN NEW;
END $$;
CREATE TRIGGER stock_hold_of_product BEFORE INSERT ON stock_hold FOR EACH ROW
    WHEN (NEW.variant_id IS NULL) EXECUTE FUNCTION names_its_variant();
CREATE TRIGGER order_line_of_product BEFORE INSERT ON order_line FOR EACH ROW
    WHEN (NEW.variant_id IS NULL) EXECUTE FUNCTION names_its_variant();
CREATE FUNCTION cart_line_of_product() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.variant_id := (SELECT min(id) FROM variant WHERE product_id = NEW.product_id);
    NEW.currency := (SELECT currency FROM product WHERE id = NEW.product_id);
    RETURN NEW;
END $$;
CREATE TRIGGER cart_line_of_product BEFORE INSERT ON cart_line FOR EACH ROW
    WHEN (NEW.variant_id IS NULL) EXECUTE FUNCTION cart_line_of_product();
-- Each of the two follows the other, and nothing follows a follower.
CREATE FUNCTION product_stock_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE stock SET pieces = pieces + NEW.stock - OLD.stock
    WHERE variant_id = (SELECT min(id) FROM variant WHERE product_id = NEW.id)
    AND place_id = (SELECT id FROM place WHERE code = 'main');
    RETURN NULL;
END $$;
CREATE TRIGGER product_stock_moved AFTER UPDATE OF stock ON product FOR EACH ROW
    WHEN (NEW.stock <> OLD.stock AND pg_trigger_depth() = 0) EXECUTE FUNCTION product_stock_moved();
CREATE FUNCTION stock_moved() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE product SET stock = stock + NEW.pieces - OLD.pieces
    WHERE id = (SELECT product_id FROM variant WHERE id = NEW.variant_id);
    RETURN NULL;
END $$;
CREATE TRIGGER stock_moved AFTER UPDATE OF pieces ON stock FOR EACH ROW
    WHEN (NEW.pieces <> OLD.pieces AND pg_trigger_depth() = 0) EXECUTE FUNCTION stock_moved();
