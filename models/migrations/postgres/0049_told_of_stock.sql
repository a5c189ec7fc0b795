-- For whom a piece that is back is left for some hours: who was told of it and has not ordered yet.
CREATE TABLE "stock_told" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "at" TIMESTAMPTZ NOT NULL,
    "until" TIMESTAMPTZ NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "variant_id" BIGINT NOT NULL REFERENCES "variant" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_stock_told_variant" ON "stock_told" ("variant_id");
CREATE INDEX "ix_stock_told_contact" ON "stock_told" ("contact_id");
