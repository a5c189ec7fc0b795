-- Several nodes share the work: each lane belongs to a shard, each shard to the node that works on it. Rows that are
-- there already, and those that a plain statement adds, have no shard yet; whoever works on lanes gives them theirs.
ALTER TABLE "inbound" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1, ADD KEY "ix_inbound_shard" ("state", "shard", "id");
ALTER TABLE "effect" ADD COLUMN "shard" SMALLINT NOT NULL DEFAULT -1, ADD KEY "ix_effect_shard" ("state", "shard", "id");
CREATE TABLE "node" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "name" VARCHAR(100) NOT NULL,
    "roles" VARCHAR(40) NOT NULL,
    "session" VARCHAR(40) NOT NULL,
    "place" VARCHAR(200) NOT NULL,
    "until" DOUBLE PRECISION NOT NULL,
    "knows" BIGINT NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- What a commit locks for as long as it lasts, so that its node is not buried meanwhile. Locks of MariaDB are of whole
-- rows: in the node's own row they would hold up the renewal of its lease.
CREATE TABLE "node_life" (
    "id" BIGINT NOT NULL PRIMARY KEY,
    FOREIGN KEY ("id") REFERENCES "node" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TRIGGER "node_came" AFTER INSERT ON "node" FOR EACH ROW INSERT INTO "node_life" ("id") VALUES (NEW."id");
CREATE TABLE "shard" (
    "id" SMALLINT NOT NULL PRIMARY KEY,
    "node_id" BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "duty" (
    "name" VARCHAR(100) NOT NULL PRIMARY KEY,
    "node_id" BIGINT
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "errand" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "shard" SMALLINT NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "verb" VARCHAR(16) NOT NULL,
    "payload" LONGTEXT NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'asked',
    "result" LONGTEXT NOT NULL DEFAULT (''),
    "until" DOUBLE PRECISION NOT NULL,
    KEY "ix_errand_conversation" ("conversation_id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
