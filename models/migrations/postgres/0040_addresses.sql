-- Where an order goes in parts, what its customer wants to be known, and what staff write down about it.
ALTER TABLE "order" ADD COLUMN "country" VARCHAR(2) NOT NULL DEFAULT '';
ALTER TABLE "order" ADD COLUMN "postal" VARCHAR(2000) NOT NULL DEFAULT '';
ALTER TABLE "order" ADD COLUMN "note" VARCHAR(1000) NOT NULL DEFAULT '';
CREATE TABLE "order_note" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "staff_id" BIGINT REFERENCES "staff" ("id") ON DELETE SET NULL,
    "text" VARCHAR(1000) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL
);
CREATE INDEX "ix_order_note_order" ON "order_note" ("order_id", "id");
CREATE INDEX "ix_order_note_staff" ON "order_note" ("staff_id");
