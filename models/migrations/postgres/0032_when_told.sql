-- online
-- When somebody told each of these things: of several addresses that are one person's the last word holds.
ALTER TABLE "contact" ADD COLUMN IF NOT EXISTS "name_at" TIMESTAMPTZ,
    ADD COLUMN IF NOT EXISTS "locale_at" TIMESTAMPTZ, ADD COLUMN IF NOT EXISTS "delivery_at" TIMESTAMPTZ;
-- Of what was told before nobody knows more than when anything was; where nothing was, the beginning counts. Others
-- write meanwhile; what they are told has its time already.
UPDATE "contact" SET "name_at" = COALESCE("name_at", "updated_at"), "locale_at" = COALESCE("locale_at", "updated_at"),
    "delivery_at" = COALESCE("delivery_at", "updated_at")
WHERE "updated_at" <> "created_at" AND ("name_at" IS NULL OR "locale_at" IS NULL OR "delivery_at" IS NULL);
