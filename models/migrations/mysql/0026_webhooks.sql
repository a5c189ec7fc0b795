-- Webhooks that leave: who wants to be told, what happened, and how each telling went.
CREATE TABLE "webhook_endpoint" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "url" VARCHAR(500) NOT NULL,
    "events" LONGTEXT NOT NULL,
    "secret" VARCHAR(120) NOT NULL,
    "old_secret" VARCHAR(120) NOT NULL DEFAULT '',
    "old_until" DATETIME(6),
    "state" VARCHAR(16) NOT NULL DEFAULT 'active',
    "reason" VARCHAR(16) NOT NULL DEFAULT '',
    "failing_since" DATETIME(6),
    "rest_until" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "webhook_event" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "key" VARCHAR(40) NOT NULL,
    "name" VARCHAR(64) NOT NULL,
    "subject" VARCHAR(64) NOT NULL,
    "body" LONGTEXT NOT NULL,
    "spread" BOOL NOT NULL DEFAULT 0,
    "at" DATETIME(6) NOT NULL,
    UNIQUE KEY "key" ("key"),
    KEY "ix_webhook_event_spread" ("spread", "id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "webhook_delivery" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "state" VARCHAR(16) NOT NULL DEFAULT 'waiting',
    "attempts" INT NOT NULL DEFAULT 0,
    "due_at" DATETIME(6) NOT NULL,
    "claim" VARCHAR(32) NOT NULL DEFAULT '',
    "status" INT,
    "error" VARCHAR(32) NOT NULL DEFAULT '',
    "answer" VARCHAR(300) NOT NULL DEFAULT '',
    "took_ms" INT,
    "tried_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "event_id" BIGINT NOT NULL,
    "endpoint_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_webhook_delivery" ("event_id", "endpoint_id"),
    KEY "ix_webhook_delivery_due" ("endpoint_id", "state", "due_at"),
    KEY "ix_webhook_delivery_log" ("endpoint_id", "id"),
    FOREIGN KEY ("event_id") REFERENCES "webhook_event" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("endpoint_id") REFERENCES "webhook_endpoint" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
