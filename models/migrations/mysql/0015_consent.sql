-- What people allow us to write to them and when their night is; what waits for the morning is found by its time.
CREATE TABLE "consent" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "given" BOOL NOT NULL DEFAULT 0,
    "way" VARCHAR(16) NOT NULL,
    "said" VARCHAR(500) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "at" DATETIME(6) NOT NULL,
    "identity_id" BIGINT NOT NULL,
    KEY "ix_consent_identity" ("identity_id", "kind", "id"),
    FOREIGN KEY ("identity_id") REFERENCES "identity" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
ALTER TABLE "identity" ADD COLUMN "timezone" VARCHAR(64) NOT NULL DEFAULT '';
