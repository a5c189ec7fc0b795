-- What of an order left in which shipment, what is not sent any more, and of which click a step came.
ALTER TABLE "order_line" ADD COLUMN "cancelled" INT NOT NULL DEFAULT 0;
ALTER TABLE "order_event" ADD COLUMN "asked_as" VARCHAR(64);
ALTER TABLE "order_event" ADD COLUMN "shipment_id" BIGINT;
CREATE UNIQUE INDEX "uid_order_event_asked" ON "order_event" ("order_id", "asked_as");
CREATE TABLE "shipment_line" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "quantity" INT NOT NULL,
    "order_line_id" BIGINT NOT NULL,
    "shipment_id" BIGINT NOT NULL,
    KEY "ix_shipment_line_shipment" ("shipment_id"),
    KEY "ix_shipment_line_line" ("order_line_id"),
    FOREIGN KEY ("order_line_id") REFERENCES "order_line" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("shipment_id") REFERENCES "shipment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
