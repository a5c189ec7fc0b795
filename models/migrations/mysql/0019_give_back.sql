-- What goes along when two addresses become one person's is remembered where it comes from, so that parting gives it back:
-- a question is set aside as a copy of itself, and whoever waited keeps since when and why.
ALTER TABLE "dialog" ADD COLUMN "moved_to_id" BIGINT, ADD KEY "ix_dialog_moved" ("moved_to_id"),
    ADD FOREIGN KEY ("moved_to_id") REFERENCES "dialog" ("id") ON DELETE CASCADE;
ALTER TABLE "conversation" ADD COLUMN "moved_wait" LONGTEXT NOT NULL DEFAULT ('');
-- A code is followed once, however often it is said; one that waits for a yes where it was shown is not forgotten.
ALTER TABLE "person_code" ADD COLUMN "claimed_at" DATETIME(6), ADD COLUMN "joined_at" DATETIME(6);
