-- Channels with a reply window keep what each act of the customer allows; with tokens and cursors, what all nodes share;
-- with answers that a call carries back, the calls. Platforms name messages, so that they can be said to be read, edited
-- or deleted; and a person who answers in a platform's own client has the bot be silent for a while.
ALTER TABLE "message" ADD COLUMN "external_id" VARCHAR(191) NOT NULL DEFAULT '', ADD COLUMN "changed" VARCHAR(8) NOT NULL DEFAULT '';
ALTER TABLE "conversation" ADD COLUMN "elsewhere_until" DATETIME(6);
CREATE TABLE "channel_note" (
    "name" VARCHAR(150) NOT NULL PRIMARY KEY,
    "text" LONGTEXT NOT NULL DEFAULT (''),
    "until" DOUBLE PRECISION,
    "claimed_until" DOUBLE PRECISION NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "opening" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "token" VARCHAR(255) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    "until" DATETIME(6) NOT NULL,
    "most" INT,
    "used" INT NOT NULL DEFAULT 0,
    "conversation_id" BIGINT NOT NULL,
    KEY "ix_opening_conversation" ("conversation_id", "at"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "open_call" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(191) NOT NULL,
    "recipient" VARCHAR(191) NOT NULL,
    "until" DOUBLE PRECISION NOT NULL,
    "said" LONGTEXT NOT NULL DEFAULT (''),
    "effect" VARCHAR(191) NOT NULL DEFAULT '',
    "hope" DOUBLE PRECISION NOT NULL,
    "tries" INT NOT NULL DEFAULT 1,
    "collected" BOOL NOT NULL DEFAULT 0,
    UNIQUE KEY "uid_open_call_account" ("account", "key"),
    KEY "ix_open_call_recipient" ("account", "recipient")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
