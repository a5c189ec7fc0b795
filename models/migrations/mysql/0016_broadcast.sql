-- What the shop tells many, and each of them once.
CREATE TABLE "broadcast" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "text" LONGTEXT NOT NULL DEFAULT (''),
    "picture_id" BIGINT,
    "label" VARCHAR(64) NOT NULL DEFAULT '',
    "command" VARCHAR(64) NOT NULL DEFAULT '',
    "accounts" LONGTEXT NOT NULL DEFAULT ('[]'),
    "language" VARCHAR(16) NOT NULL DEFAULT '',
    "bought" VARCHAR(3) NOT NULL DEFAULT '',
    "state" VARCHAR(10) NOT NULL DEFAULT 'scheduled',
    "reached" BIGINT NOT NULL DEFAULT 0,
    "staff_id" BIGINT,
    "send_at" DATETIME(6) NOT NULL,
    "created_at" DATETIME(6) NOT NULL,
    "ended_at" DATETIME(6),
    KEY "ix_broadcast_state" ("state", "send_at")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "broadcast_copy" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "broadcast_id" BIGINT NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_broadcast_copy" ("broadcast_id", "conversation_id"),
    KEY "ix_broadcast_copy_conversation" ("conversation_id"),
    FOREIGN KEY ("broadcast_id") REFERENCES "broadcast" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
