-- What of an order left in which shipment, what is not sent any more, and of which click a step came.
ALTER TABLE "order_line" ADD COLUMN "cancelled" INT NOT NULL DEFAULT 0;
ALTER TABLE "order_event" ADD COLUMN "asked_as" VARCHAR(64);
ALTER TABLE "order_event" ADD COLUMN "shipment_id" BIGINT;
CREATE UNIQUE INDEX "uid_order_event_asked" ON "order_event" ("order_id", "asked_as");
CREATE TABLE "shipment_line" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "order_line_id" BIGINT NOT NULL REFERENCES "order_line" ("id") ON DELETE CASCADE,
    "shipment_id" BIGINT NOT NULL REFERENCES "shipment" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_shipment_line_shipment" ON "shipment_line" ("shipment_id");
CREATE INDEX "ix_shipment_line_line" ON "shipment_line" ("order_line_id");
