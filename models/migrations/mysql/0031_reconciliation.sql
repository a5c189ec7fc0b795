-- What the books of a provider say of one day, UTC: one row for each, whoever asks.
CREATE TABLE "statement" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "provider" VARCHAR(32) NOT NULL,
    "day" VARCHAR(10) NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "attempts" INT NOT NULL DEFAULT 0,
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "others" INT NOT NULL DEFAULT 0,
    "due_at" DATETIME(6) NOT NULL,
    "created_at" DATETIME(6) NOT NULL,
    "read_at" DATETIME(6),
    UNIQUE KEY "uid_statement" ("provider", "day"),
    KEY "ix_statement_due" ("state", "due_at")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- Their lines about payments of ours.
CREATE TABLE "statement_line" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "reference" VARCHAR(255) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "at" DATETIME(6) NOT NULL,
    "statement_id" BIGINT NOT NULL,
    "payment_id" BIGINT,
    KEY "ix_statement_line_statement" ("statement_id"),
    KEY "ix_statement_line_payment" ("payment_id"),
    CONSTRAINT "fk_statement_line_statement" FOREIGN KEY ("statement_id") REFERENCES "statement" ("id") ON DELETE CASCADE,
    CONSTRAINT "fk_statement_line_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- Where their books and ours do not agree: one row for each payment and side, opened again when the sums change.
CREATE TABLE "difference" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "provider" VARCHAR(32) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "side" VARCHAR(8) NOT NULL,
    "reference" VARCHAR(255) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "theirs" BIGINT NOT NULL,
    "theirs_currency" VARCHAR(3) NOT NULL,
    "ours" BIGINT NOT NULL,
    "ours_currency" VARCHAR(3) NOT NULL,
    "day" VARCHAR(10) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "staff_id" BIGINT,
    "found_at" DATETIME(6) NOT NULL,
    "closed_at" DATETIME(6),
    "payment_id" BIGINT,
    UNIQUE KEY "uid_difference" ("provider", "key", "side"),
    KEY "ix_difference_state" ("state", "id"),
    KEY "ix_difference_payment" ("payment_id"),
    CONSTRAINT "fk_difference_payment" FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
