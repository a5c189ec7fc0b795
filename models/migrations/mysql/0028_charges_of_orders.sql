-- What an order costs besides its goods, as it was when it was placed: discount, shipping, tax.
CREATE TABLE "order_charge" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "name" VARCHAR(64) NOT NULL,
    "title" VARCHAR(120) NOT NULL DEFAULT '',
    "amount" BIGINT NOT NULL,
    "rate" INT NOT NULL DEFAULT 0,
    "included" BOOL NOT NULL DEFAULT FALSE,
    "order_id" BIGINT NOT NULL,
    KEY "ix_order_charge_order" ("order_id"),
    KEY "ix_order_charge_name" ("kind", "name"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
