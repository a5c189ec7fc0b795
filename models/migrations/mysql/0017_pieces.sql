-- What became of each piece of a message that leaves in several.
CREATE TABLE "message_piece" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "seq" INT NOT NULL,
    "number" INT NOT NULL,
    "is_last" BOOL NOT NULL DEFAULT 0,
    "external_id" VARCHAR(191) NOT NULL DEFAULT '',
    "delivery" VARCHAR(16) NOT NULL,
    "at" DATETIME(6) NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_message_piece" ("conversation_id", "seq", "number"),
    KEY "ix_message_piece_id" ("conversation_id", "external_id"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
