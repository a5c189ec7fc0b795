-- Keys of the API, and the requests that became orders: the same request again gets the same answer.
CREATE TABLE "api_key" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "name" VARCHAR(120) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL,
    "scopes" VARCHAR(200) NOT NULL,
    "staff_id" BIGINT,
    "created_at" DATETIME(6) NOT NULL,
    "used_at" DATETIME(6),
    "revoked_at" DATETIME(6),
    UNIQUE KEY "uid_api_key" ("key_hash")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "api_order" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "request_hash" VARCHAR(64) NOT NULL,
    "body_hash" VARCHAR(64) NOT NULL DEFAULT '',
    "answer" LONGTEXT NOT NULL DEFAULT (''),
    "created_at" DATETIME(6) NOT NULL,
    "key_id" BIGINT NOT NULL,
    "order_id" BIGINT,
    UNIQUE KEY "uid_api_order" ("key_id", "request_hash"),
    KEY "ix_api_order_order" ("order_id"),
    CONSTRAINT "fk_api_order_key" FOREIGN KEY ("key_id") REFERENCES "api_key" ("id") ON DELETE CASCADE,
    CONSTRAINT "fk_api_order_order" FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
