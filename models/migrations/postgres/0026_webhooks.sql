-- Webhooks that leave: who wants to be told, what happened, and how each telling went.
CREATE TABLE "webhook_endpoint" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "url" VARCHAR(500) NOT NULL,
    "events" TEXT NOT NULL,
    "secret" VARCHAR(120) NOT NULL,
    "old_secret" VARCHAR(120) NOT NULL DEFAULT '',
    "old_until" TIMESTAMPTZ,
    "state" VARCHAR(16) NOT NULL DEFAULT 'active',
    "reason" VARCHAR(16) NOT NULL DEFAULT '',
    "failing_since" TIMESTAMPTZ,
    "rest_until" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "updated_at" TIMESTAMPTZ NOT NULL
);
CREATE TABLE "webhook_event" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "key" VARCHAR(40) NOT NULL UNIQUE,
    "name" VARCHAR(64) NOT NULL,
    "subject" VARCHAR(64) NOT NULL,
    "body" TEXT NOT NULL,
    "spread" BOOL NOT NULL DEFAULT False,
    "at" TIMESTAMPTZ NOT NULL
);
CREATE TABLE "webhook_delivery" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "state" VARCHAR(16) NOT NULL DEFAULT 'waiting',
    "attempts" INT NOT NULL DEFAULT 0,
    "due_at" TIMESTAMPTZ NOT NULL,
    "claim" VARCHAR(32) NOT NULL DEFAULT '',
    "status" INT,
    "error" VARCHAR(32) NOT NULL DEFAULT '',
    "answer" VARCHAR(300) NOT NULL DEFAULT '',
    "took_ms" INT,
    "tried_at" TIMESTAMPTZ,
    "created_at" TIMESTAMPTZ NOT NULL,
    "event_id" BIGINT NOT NULL REFERENCES "webhook_event" ("id") ON DELETE CASCADE,
    "endpoint_id" BIGINT NOT NULL REFERENCES "webhook_endpoint" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_webhook_delivery" UNIQUE ("event_id", "endpoint_id")
);
CREATE INDEX "ix_webhook_event_spread" ON "webhook_event" ("spread", "id");
CREATE INDEX "ix_webhook_delivery_due" ON "webhook_delivery" ("endpoint_id", "state", "due_at");
CREATE INDEX "ix_webhook_delivery_log" ON "webhook_delivery" ("endpoint_id", "id");
