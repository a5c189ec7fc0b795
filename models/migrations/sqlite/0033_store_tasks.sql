-- What staff did about something of a connected shop; and that they want one compared, and what came of the last time.
ALTER TABLE "store_problem" ADD COLUMN "done_at" TIMESTAMP;
ALTER TABLE "store_problem" ADD COLUMN "done_by" BIGINT;
ALTER TABLE "store_sync" ADD COLUMN "asked_at" TIMESTAMP;
ALTER TABLE "store_sync" ADD COLUMN "differed" INT;
ALTER TABLE "store_sync" ADD COLUMN "gone" INT;
