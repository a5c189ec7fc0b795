-- online
-- What people allow us to write to them and when their night is; what waits for the morning is found by its time.
CREATE TABLE IF NOT EXISTS "consent" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "given" BOOL NOT NULL DEFAULT False,
    "way" VARCHAR(16) NOT NULL,
    "said" VARCHAR(500) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "at" TIMESTAMPTZ NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE
);
CREATE INDEX IF NOT EXISTS "ix_consent_identity" ON "consent" ("identity_id", "kind", "id");
ALTER TABLE "identity" ADD COLUMN IF NOT EXISTS "timezone" VARCHAR(64) NOT NULL DEFAULT '';
DROP INDEX CONCURRENTLY IF EXISTS "ix_effect_quiet";
CREATE INDEX CONCURRENTLY "ix_effect_quiet" ON "effect" ("due_at") WHERE "state" = 'quiet';
