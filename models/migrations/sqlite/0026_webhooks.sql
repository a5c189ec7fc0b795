-- Webhooks that leave: who wants to be told, what happened, and how each telling went.
CREATE TABLE "webhook_endpoint" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "url" VARCHAR(500) NOT NULL,
    "events" TEXT NOT NULL,
    "secret" VARCHAR(120) NOT NULL,
    "old_secret" VARCHAR(120) NOT NULL DEFAULT '',
    "old_until" TIMESTAMP,
    "state" VARCHAR(16) NOT NULL DEFAULT 'active',
    "reason" VARCHAR(16) NOT NULL DEFAULT '',
    "failing_since" TIMESTAMP,
    "rest_until" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL
);
CREATE TABLE "webhook_event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "key" VARCHAR(40) NOT NULL UNIQUE,
    "name" VARCHAR(64) NOT NULL,
    "subject" VARCHAR(64) NOT NULL,
    "body" TEXT NOT NULL,
    "spread" INT NOT NULL DEFAULT 0,
    "at" TIMESTAMP NOT NULL
);
CREATE TABLE "webhook_delivery" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "state" VARCHAR(16) NOT NULL DEFAULT 'waiting',
    "attempts" INT NOT NULL DEFAULT 0,
    "due_at" TIMESTAMP NOT NULL,
    "claim" VARCHAR(32) NOT NULL DEFAULT '',
    "status" INT,
    "error" VARCHAR(32) NOT NULL DEFAULT '',
    "answer" VARCHAR(300) NOT NULL DEFAULT '',
    "took_ms" INT,
    "tried_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "event_id" BIGINT NOT NULL REFERENCES "webhook_event" ("id") ON DELETE CASCADE,
    "endpoint_id" BIGINT NOT NULL REFERENCES "webhook_endpoint" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_webhook_delivery" UNIQUE ("event_id", "endpoint_id")
);
CREATE INDEX "ix_webhook_event_spread" ON "webhook_event" ("spread", "id");
CREATE INDEX "ix_webhook_delivery_due" ON "webhook_delivery" ("endpoint_id", "state", "due_at");
CREATE INDEX "ix_webhook_delivery_log" ON "webhook_delivery" ("endpoint_id", "id");
