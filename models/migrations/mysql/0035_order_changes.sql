-- What happened to an order whose state stayed, where that is not money: "changed" by staff.
ALTER TABLE "order_event" ADD COLUMN "what" VARCHAR(16) NOT NULL DEFAULT '';
