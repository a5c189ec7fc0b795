-- News wait as recipients, each person once; a step keeps its time, a retry finds its first, and counts are kept.
ALTER TABLE "broadcast" ADD COLUMN "planned_at" TIMESTAMPTZ;
ALTER TABLE "broadcast" ADD COLUMN "stepped_at" TIMESTAMPTZ;
ALTER TABLE "broadcast" ADD COLUMN "client_id" VARCHAR(64);
ALTER TABLE "broadcast" ADD COLUMN "counts" TEXT NOT NULL DEFAULT '';
ALTER TABLE "broadcast" ADD COLUMN "counted_at" TIMESTAMPTZ;
CREATE UNIQUE INDEX "uid_broadcast_client" ON "broadcast" ("staff_id", "client_id") WHERE "client_id" IS NOT NULL;
ALTER TABLE "broadcast_copy" ADD COLUMN "person" BIGINT;
ALTER TABLE "broadcast_copy" ADD COLUMN "account" VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE "broadcast_copy" ADD COLUMN "due_at" TIMESTAMPTZ;
-- Whom an earlier release has told at two addresses keeps both rows; the first one says that they are told.
UPDATE "broadcast_copy" SET "person" = (
    SELECT COALESCE(k."person_id", k."id") FROM "conversation" c JOIN "contact" k ON k."id" = c."contact_id"
    WHERE c."id" = "broadcast_copy"."conversation_id"
) WHERE "id" IN (
    SELECT MIN(y."id") FROM "broadcast_copy" y JOIN "conversation" c ON c."id" = y."conversation_id"
    JOIN "contact" k ON k."id" = c."contact_id" GROUP BY y."broadcast_id", COALESCE(k."person_id", k."id")
);
-- What is half told begins again from the first address: how far it has come is a number of another table now.
UPDATE "broadcast" SET "reached" = 0 WHERE "state" = 'running';
CREATE UNIQUE INDEX "uid_broadcast_copy_person" ON "broadcast_copy" ("broadcast_id", "person");
CREATE INDEX "ix_broadcast_copy_due" ON "broadcast_copy" ("broadcast_id", "due_at", "account") WHERE "due_at" IS NOT NULL;
CREATE INDEX "ix_consent_kind" ON "consent" ("kind", "given", "identity_id");
