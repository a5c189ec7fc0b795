-- What became of wishes to be forgotten: without a word of whose they were, so that it outlives the week of the queues.
CREATE TABLE "deletion" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "code" VARCHAR(64) NOT NULL,
    "asked_at" DATETIME(6) NOT NULL,
    "done_at" DATETIME(6),
    "messages" INT,
    "files" INT,
    "orders" INT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE UNIQUE INDEX "uid_deletion_code" ON "deletion" ("code");
CREATE INDEX "ix_deletion_asked" ON "deletion" ("asked_at");
