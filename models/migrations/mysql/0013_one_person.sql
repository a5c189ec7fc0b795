-- People who prove that two of their addresses are theirs. Nothing of a contact moves to another: contacts with the same
-- person are shown together, and the proofs say why, so that each can be taken back exactly.
ALTER TABLE "contact" ADD COLUMN "person_id" BIGINT, ADD KEY "ix_contact_person" ("person_id");
-- The conversation in which the customer went on, until they write here again.
ALTER TABLE "conversation" ADD COLUMN "continues_in" BIGINT;
CREATE TABLE "person_code" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "code_hash" VARCHAR(64) NOT NULL UNIQUE,
    "shown" BOOL NOT NULL DEFAULT TRUE,
    "expires_at" DATETIME(6) NOT NULL,
    "used_at" DATETIME(6),
    "entered_id" BIGINT,
    "identity_id" BIGINT NOT NULL,
    KEY "ix_person_code_identity" ("identity_id"),
    KEY "ix_person_code_entered" ("entered_id"),
    KEY "ix_person_code_expires" ("expires_at"),
    FOREIGN KEY ("entered_id") REFERENCES "identity" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("identity_id") REFERENCES "identity" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "person_link" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "made_at" DATETIME(6) NOT NULL,
    "asked_id" BIGINT NOT NULL,
    "entered_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_person_link_pair" ("asked_id", "entered_id"),
    KEY "ix_person_link_entered" ("entered_id"),
    FOREIGN KEY ("asked_id") REFERENCES "identity" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("entered_id") REFERENCES "identity" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
