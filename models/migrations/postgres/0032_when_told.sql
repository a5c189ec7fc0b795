-- When somebody told each of these things: of several addresses that are one person's the last word holds.
ALTER TABLE "contact" ADD COLUMN "name_at" TIMESTAMPTZ;
ALTER TABLE "contact" ADD COLUMN "locale_at" TIMESTAMPTZ;
ALTER TABLE "contact" ADD COLUMN "delivery_at" TIMESTAMPTZ;
-- Of what was told before nobody knows more than when anything was; where nothing was, the beginning counts.
UPDATE "contact" SET "name_at" = "updated_at", "locale_at" = "updated_at", "delivery_at" = "updated_at"
WHERE "updated_at" <> "created_at";
