-- People who prove that two of their addresses are theirs. Nothing of a contact moves to another: contacts with the same
-- person are shown together, and the proofs say why, so that each can be taken back exactly.
ALTER TABLE "contact" ADD COLUMN "person_id" BIGINT;
CREATE INDEX "ix_contact_person" ON "contact" ("person_id") WHERE "person_id" IS NOT NULL;
-- The conversation in which the customer went on, until they write here again.
ALTER TABLE "conversation" ADD COLUMN "continues_in" BIGINT;
CREATE TABLE "person_code" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "code_hash" VARCHAR(64) NOT NULL UNIQUE,
    "shown" INT NOT NULL DEFAULT 1,
    "expires_at" TIMESTAMP NOT NULL,
    "used_at" TIMESTAMP,
    "entered_id" BIGINT REFERENCES "identity" ("id") ON DELETE CASCADE,
    "identity_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_person_code_identity" ON "person_code" ("identity_id");
CREATE INDEX "ix_person_code_entered" ON "person_code" ("entered_id") WHERE "entered_id" IS NOT NULL;
CREATE INDEX "ix_person_code_expires" ON "person_code" ("expires_at");
CREATE TABLE "person_link" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "made_at" TIMESTAMP NOT NULL,
    "asked_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    "entered_id" BIGINT NOT NULL REFERENCES "identity" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_person_link_pair" UNIQUE ("asked_id", "entered_id")
);
CREATE INDEX "ix_person_link_entered" ON "person_link" ("entered_id");
