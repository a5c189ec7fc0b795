-- Until when a connected shop keeps the pieces of its bill; empty: as long as the order holds them.
ALTER TABLE "payment" ADD COLUMN "kept_until" DATETIME(6);
