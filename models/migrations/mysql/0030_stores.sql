-- Connected shops: how far each was read, what it said of a product last, what is wrong with that or was changed here, too, what it told by
-- itself, and our orders that it is to have.
CREATE TABLE "store_sync" (
    "store" VARCHAR(32) NOT NULL PRIMARY KEY,
    "cursor" LONGTEXT NOT NULL,
    "state" VARCHAR(16) NOT NULL DEFAULT 'new',
    "done" INT NOT NULL DEFAULT 0,
    "total" INT,
    "began_at" DATETIME(6),
    "caught_up_at" DATETIME(6),
    "compared_at" DATETIME(6),
    "tries" INT NOT NULL DEFAULT 0,
    "retry_at" DATETIME(6),
    "error" VARCHAR(300) NOT NULL DEFAULT ''
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "store_seen" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "digest" VARCHAR(64) NOT NULL DEFAULT '',
    "said" JSON NOT NULL,
    "picture" LONGTEXT NOT NULL,
    "changed_at" DATETIME(6),
    "product_id" BIGINT,
    UNIQUE KEY "uid_store_seen" ("store", "external_id"),
    KEY "ix_store_seen_product" ("product_id"),
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "store_problem" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "code" VARCHAR(32) NOT NULL,
    "title" VARCHAR(200) NOT NULL DEFAULT '',
    "facts" JSON NOT NULL,
    "at" DATETIME(6) NOT NULL,
    UNIQUE KEY "uid_store_problem" ("store", "external_id", "code")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "store_conflict" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "field" VARCHAR(100) NOT NULL,
    "ours" LONGTEXT NOT NULL,
    "theirs" LONGTEXT NOT NULL,
    "at" DATETIME(6) NOT NULL,
    "product_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_store_conflict" ("product_id", "field"),
    KEY "ix_store_conflict_store" ("store", "id"),
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "store_hint" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "key" VARCHAR(128) NOT NULL,
    "topic" VARCHAR(64) NOT NULL,
    "about" VARCHAR(16) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL,
    "at" DATETIME(6) NOT NULL,
    "done_at" DATETIME(6),
    UNIQUE KEY "uid_store_hint" ("store", "key"),
    KEY "ix_store_hint_done" ("done_at", "id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "store_order" (
    "order_id" BIGINT NOT NULL PRIMARY KEY,
    "store" VARCHAR(32) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "external_id" VARCHAR(128) NOT NULL DEFAULT '',
    "tries" INT NOT NULL DEFAULT 0,
    "retry_at" DATETIME(6),
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    KEY "ix_store_order_state" ("store", "state"),
    KEY "ix_store_order_external" ("store", "external_id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
