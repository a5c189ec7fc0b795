-- Channels with a reply window keep what each act of the customer allows; with tokens and cursors, what all nodes share;
-- with answers that a call carries back, the calls. Platforms name messages, so that they can be said to be read, edited
-- or deleted; and a person who answers in a platform's own client has the bot be silent for a while.
ALTER TABLE "message" ADD COLUMN "external_id" VARCHAR(191) NOT NULL DEFAULT '';
ALTER TABLE "message" ADD COLUMN "changed" VARCHAR(8) NOT NULL DEFAULT '';
ALTER TABLE "conversation" ADD COLUMN "elsewhere_until" TIMESTAMP;
CREATE TABLE "channel_note" (
    "name" VARCHAR(150) NOT NULL PRIMARY KEY,
    "text" TEXT NOT NULL DEFAULT '',
    "until" REAL,
    "claimed_until" REAL NOT NULL DEFAULT 0
);
CREATE TABLE "opening" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "token" VARCHAR(255) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    "until" TIMESTAMP NOT NULL,
    "most" INT,
    "used" INT NOT NULL DEFAULT 0,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_opening_conversation" ON "opening" ("conversation_id", "at");
CREATE TABLE "open_call" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(191) NOT NULL,
    "recipient" VARCHAR(191) NOT NULL,
    "until" REAL NOT NULL,
    "said" TEXT NOT NULL DEFAULT '',
    "effect" VARCHAR(191) NOT NULL DEFAULT '',
    "hope" REAL NOT NULL,
    "tries" INT NOT NULL DEFAULT 1,
    "collected" INT NOT NULL DEFAULT 0,
    CONSTRAINT "uid_open_call_account" UNIQUE ("account", "key")
);
CREATE INDEX "ix_open_call_recipient" ON "open_call" ("account", "recipient");
