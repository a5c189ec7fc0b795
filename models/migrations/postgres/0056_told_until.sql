-- online
-- For how long a piece is left for who was told of it: what is over is found by its time.
DROP INDEX CONCURRENTLY IF EXISTS "ix_stock_told_until";
CREATE INDEX CONCURRENTLY "ix_stock_told_until" ON "stock_told" ("until");
