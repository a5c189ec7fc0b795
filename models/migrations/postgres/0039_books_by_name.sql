-- online
-- Names in a provider's books that no payment of ours has, and payments that changed lately.
DROP INDEX CONCURRENTLY IF EXISTS "ix_statement_line_key";
CREATE INDEX CONCURRENTLY "ix_statement_line_key" ON "statement_line" ("key");
DROP INDEX CONCURRENTLY IF EXISTS "ix_payment_updated";
CREATE INDEX CONCURRENTLY "ix_payment_updated" ON "payment" ("updated_at");
