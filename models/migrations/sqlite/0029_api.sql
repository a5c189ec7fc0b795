-- Keys of the API, and the requests that became orders: the same request again gets the same answer.
CREATE TABLE "api_key" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "name" VARCHAR(120) NOT NULL,
    "key_hash" VARCHAR(64) NOT NULL,
    "scopes" VARCHAR(200) NOT NULL,
    "staff_id" BIGINT,
    "created_at" TIMESTAMP NOT NULL,
    "used_at" TIMESTAMP,
    "revoked_at" TIMESTAMP,
    CONSTRAINT "uid_api_key" UNIQUE ("key_hash")
);
CREATE TABLE "api_order" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "request_hash" VARCHAR(64) NOT NULL,
    "body_hash" VARCHAR(64) NOT NULL DEFAULT '',
    "answer" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "key_id" BIGINT NOT NULL REFERENCES "api_key" ("id") ON DELETE CASCADE,
    "order_id" BIGINT REFERENCES "order" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_api_order" UNIQUE ("key_id", "request_hash")
);
CREATE INDEX "ix_api_order_order" ON "api_order" ("order_id");
