-- What goes along when two addresses become one person's is remembered where it comes from, so that parting gives it back:
-- a question is set aside as a copy of itself, and whoever waited keeps since when and why.
ALTER TABLE "dialog" ADD COLUMN "moved_to_id" BIGINT REFERENCES "dialog" ("id") ON DELETE CASCADE;
CREATE INDEX "ix_dialog_moved" ON "dialog" ("moved_to_id") WHERE "moved_to_id" IS NOT NULL;
ALTER TABLE "conversation" ADD COLUMN "moved_wait" TEXT NOT NULL DEFAULT '';
-- A code is followed once, however often it is said; one that waits for a yes where it was shown is not forgotten.
ALTER TABLE "person_code" ADD COLUMN "claimed_at" TIMESTAMP;
ALTER TABLE "person_code" ADD COLUMN "joined_at" TIMESTAMP;
