-- Names in a provider's books that no payment of ours has, and payments that changed lately.
CREATE INDEX "ix_statement_line_key" ON "statement_line" ("key");
CREATE INDEX "ix_payment_updated" ON "payment" ("updated_at");
