-- What a shop cannot tell of now waits by itself; and whether it knows that an order is paid, which may come after the order.
ALTER TABLE "store_hint" ADD COLUMN "tries" INT NOT NULL DEFAULT 0;
ALTER TABLE "store_hint" ADD COLUMN "retry_at" DATETIME(6);
ALTER TABLE "store_order" ADD COLUMN "paid" BOOL NOT NULL DEFAULT 0;
