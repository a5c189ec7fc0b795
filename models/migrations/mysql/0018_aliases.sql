-- Under which id somebody is known whom a platform also calls by another one.
CREATE TABLE "identity_alias" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "alias" VARCHAR(191) NOT NULL,
    "external_id" VARCHAR(191) NOT NULL,
    UNIQUE KEY "uid_identity_alias" ("account", "alias"),
    KEY "ix_identity_alias_known" ("account", "external_id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
