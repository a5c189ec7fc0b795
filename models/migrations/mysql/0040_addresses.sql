-- Where an order goes in parts, what its customer wants to be known, and what staff write down about it.
ALTER TABLE "order" ADD COLUMN "country" VARCHAR(2) NOT NULL DEFAULT '';
ALTER TABLE "order" ADD COLUMN "postal" VARCHAR(2000) NOT NULL DEFAULT '';
ALTER TABLE "order" ADD COLUMN "note" VARCHAR(1000) NOT NULL DEFAULT '';
CREATE TABLE "order_note" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "order_id" BIGINT NOT NULL,
    "staff_id" BIGINT,
    "text" VARCHAR(1000) NOT NULL,
    "at" DATETIME(6) NOT NULL,
    KEY "ix_order_note_order" ("order_id", "id"),
    KEY "ix_order_note_staff" ("staff_id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("staff_id") REFERENCES "staff" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
