-- For how long a piece is left for who was told of it: what is over is found by its time.
CREATE INDEX "ix_stock_told_until" ON "stock_told" ("until");
