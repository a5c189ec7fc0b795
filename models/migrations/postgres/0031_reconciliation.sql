-- What the books of a provider say of one day, UTC: one row for each, whoever asks.
CREATE TABLE "statement" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "provider" VARCHAR(32) NOT NULL,
    "day" VARCHAR(10) NOT NULL,
    "state" VARCHAR(8) NOT NULL,
    "attempts" INT NOT NULL DEFAULT 0,
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "others" INT NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ NOT NULL,
    "created_at" TIMESTAMPTZ NOT NULL,
    "read_at" TIMESTAMPTZ,
    CONSTRAINT "uid_statement" UNIQUE ("provider", "day")
);
CREATE INDEX "ix_statement_due" ON "statement" ("state", "due_at");
-- Their lines about payments of ours.
CREATE TABLE "statement_line" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "reference" VARCHAR(255) NOT NULL,
    "key" VARCHAR(64) NOT NULL,
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "at" TIMESTAMPTZ NOT NULL,
    "statement_id" BIGINT NOT NULL REFERENCES "statement" ("id") ON DELETE CASCADE,
    "payment_id" BIGINT REFERENCES "payment" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_statement_line_statement" ON "statement_line" ("statement_id");
CREATE INDEX "ix_statement_line_payment" ON "statement_line" ("payment_id");
-- Where their books and ours do not agree: one row for each payment and side, opened again when the sums change.
CREATE TABLE "difference" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
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
    "found_at" TIMESTAMPTZ NOT NULL,
    "closed_at" TIMESTAMPTZ,
    "payment_id" BIGINT REFERENCES "payment" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_difference" UNIQUE ("provider", "key", "side")
);
CREATE INDEX "ix_difference_state" ON "difference" ("state", "id");
CREATE INDEX "ix_difference_payment" ON "difference" ("payment_id");
