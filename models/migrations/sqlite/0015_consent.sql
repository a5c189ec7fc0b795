-- What people allow us to write to them and when their night is; what waits for the morning is found by its time.
CREATE TABLE "consent" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "given" INT NOT NULL DEFAULT 0,
    "way" VARCHAR(16) NOT NULL,
    "said" VARCHAR(500) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "at" TIMESTAMP NOT NULL,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_consent_identity" ON "consent" ("identity_id", "kind", "id");
ALTER TABLE "identity" ADD COLUMN "timezone" VARCHAR(64) NOT NULL DEFAULT '';
CREATE INDEX "ix_effect_quiet" ON "effect" ("due_at") WHERE "state" = 'quiet';
