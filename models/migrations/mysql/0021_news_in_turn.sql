-- News wait as recipients, each person once; a step keeps its time, a retry finds its first, and counts are kept.
ALTER TABLE "broadcast" ADD COLUMN "planned_at" DATETIME(6);
ALTER TABLE "broadcast" ADD COLUMN "stepped_at" DATETIME(6);
ALTER TABLE "broadcast" ADD COLUMN "client_id" VARCHAR(64);
ALTER TABLE "broadcast" ADD COLUMN "counts" LONGTEXT NOT NULL DEFAULT ('');
ALTER TABLE "broadcast" ADD COLUMN "counted_at" DATETIME(6);
CREATE UNIQUE INDEX "uid_broadcast_client" ON "broadcast" ("staff_id", "client_id");
ALTER TABLE "broadcast_copy" ADD COLUMN "person" BIGINT;
ALTER TABLE "broadcast_copy" ADD COLUMN "account" VARCHAR(64) NOT NULL DEFAULT '';
ALTER TABLE "broadcast_copy" ADD COLUMN "due_at" DATETIME(6);
-- Whom an earlier release has told at two addresses keeps both rows; the first one says that they are told.
UPDATE "broadcast_copy" y JOIN (
    SELECT MIN(t."id") AS "first", COALESCE(k."person_id", k."id") AS "person" FROM "broadcast_copy" t
    JOIN "conversation" c ON c."id" = t."conversation_id" JOIN "contact" k ON k."id" = c."contact_id"
    GROUP BY t."broadcast_id", COALESCE(k."person_id", k."id")
) w ON w."first" = y."id" SET y."person" = w."person";
-- What is half told begins again from the first address: how far it has come is a number of another table now.
UPDATE "broadcast" SET "reached" = 0 WHERE "state" = 'running';
CREATE UNIQUE INDEX "uid_broadcast_copy_person" ON "broadcast_copy" ("broadcast_id", "person");
CREATE INDEX "ix_broadcast_copy_due" ON "broadcast_copy" ("broadcast_id", "due_at", "account");
CREATE INDEX "ix_consent_kind" ON "consent" ("kind", "given", "identity_id");
