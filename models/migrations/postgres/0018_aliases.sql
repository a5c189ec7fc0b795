-- Under which id somebody is known whom a platform also calls by another one.
CREATE TABLE "identity_alias" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "alias" VARCHAR(191) NOT NULL,
    "external_id" VARCHAR(191) NOT NULL,
    CONSTRAINT "uid_identity_alias" UNIQUE ("account", "alias")
);
CREATE INDEX "ix_identity_alias_known" ON "identity_alias" ("account", "external_id");
