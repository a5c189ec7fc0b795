CREATE TABLE "attachment" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "conversation_id" BIGINT,
    "contact_id" BIGINT,
    "message_seq" INT,
    "kind" VARCHAR(8) NOT NULL,
    "name" VARCHAR(255) NOT NULL DEFAULT '',
    "media_type" VARCHAR(100) NOT NULL DEFAULT '',
    "size" BIGINT NOT NULL DEFAULT 0,
    "sha256" VARCHAR(64) NOT NULL DEFAULT '',
    "state" VARCHAR(8) NOT NULL DEFAULT 'pending',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "storage_key" VARCHAR(191) NOT NULL DEFAULT '',
    "display_key" VARCHAR(191) NOT NULL DEFAULT '',
    "thumb_key" VARCHAR(191) NOT NULL DEFAULT '',
    "width" INT NOT NULL DEFAULT 0,
    "height" INT NOT NULL DEFAULT 0,
    "source" TEXT NOT NULL DEFAULT '',
    "public" INT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMP NOT NULL
);
CREATE INDEX "ix_attachment_message" ON "attachment" ("conversation_id", "message_seq");
CREATE INDEX "ix_attachment_contact" ON "attachment" ("contact_id");
CREATE TABLE "audit" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "staff_id" BIGINT,
    "action" VARCHAR(64) NOT NULL,
    "object" VARCHAR(120) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL
);
CREATE INDEX "ix_audit_at" ON "audit" ("at", "id");
CREATE TABLE "contact" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "name" VARCHAR(200) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "phone" VARCHAR(64) NOT NULL DEFAULT '',
    "email" VARCHAR(254) NOT NULL DEFAULT '',
    "delivery" TEXT NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL
);
CREATE TABLE "effect" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "key" VARCHAR(191) NOT NULL UNIQUE,
    "kind" VARCHAR(32) NOT NULL,
    "lane" VARCHAR(255) NOT NULL,
    "conversation_id" BIGINT,
    "message_seq" INT,
    "author" VARCHAR(16) NOT NULL DEFAULT 'system',
    "epoch" INT NOT NULL DEFAULT 0,
    "payload" TEXT NOT NULL,
    "state" VARCHAR(10) NOT NULL DEFAULT 'pending',
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "due_at" TIMESTAMP NOT NULL,
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "done_at" TIMESTAMP
);
CREATE TABLE "inbound" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(191) NOT NULL,
    "lane" VARCHAR(255) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "payload" TEXT NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'pending',
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "received_at" TIMESTAMP NOT NULL,
    CONSTRAINT "uid_inbound_account_9a386f" UNIQUE ("account", "key")
);
CREATE TABLE "login_attempt" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "subject" VARCHAR(191) NOT NULL UNIQUE,
    "failures" INT NOT NULL DEFAULT 0,
    "locked_until" TIMESTAMP,
    "updated_at" TIMESTAMP NOT NULL
);
CREATE TABLE "order" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "number" VARCHAR(32) NOT NULL UNIQUE,
    "conversation_id" BIGINT,
    "account" VARCHAR(64) NOT NULL DEFAULT '',
    "state" VARCHAR(16) NOT NULL,
    "total" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "phone" VARCHAR(64) NOT NULL DEFAULT '',
    "address" TEXT NOT NULL,
    "hold_until" TIMESTAMP,
    "paid_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_order_contact" ON "order" ("contact_id", "created_at");
CREATE INDEX "ix_order_hold" ON "order" ("state", "hold_until");
CREATE INDEX "ix_order_created" ON "order" ("created_at", "id");
CREATE INDEX "ix_order_updated" ON "order" ("updated_at", "id");
CREATE TABLE "order_event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "from_state" VARCHAR(16) NOT NULL DEFAULT '',
    "to_state" VARCHAR(16) NOT NULL,
    "actor" VARCHAR(80) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_order_event_order" ON "order_event" ("order_id", "id");
CREATE TABLE "payment" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "conversation_id" BIGINT,
    "provider" VARCHAR(32) NOT NULL,
    "key" VARCHAR(64) NOT NULL UNIQUE,
    "reference" VARCHAR(191) NOT NULL DEFAULT '',
    "url" VARCHAR(1000) NOT NULL DEFAULT '',
    "amount" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "captured" BIGINT NOT NULL DEFAULT 0,
    "captured_currency" VARCHAR(3) NOT NULL DEFAULT '',
    "refunded" BIGINT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_payment_order" ON "payment" ("order_id");
CREATE INDEX "ix_payment_reference" ON "payment" ("provider", "reference");
CREATE TABLE "payment_event" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "action" VARCHAR(32) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    "payment_id" BIGINT NOT NULL REFERENCES "payment" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_payment_event_payment" ON "payment_event" ("payment_id", "id");
CREATE TABLE "product" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "sku" VARCHAR(64) NOT NULL UNIQUE,
    "category" VARCHAR(64) NOT NULL DEFAULT '',
    "name" JSON NOT NULL,
    "description" JSON NOT NULL,
    "price" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "stock" INT NOT NULL DEFAULT 0,
    "position" INT NOT NULL DEFAULT 0,
    "active" INT NOT NULL DEFAULT 1,
    "updated_at" TIMESTAMP NOT NULL,
    "picture_id" BIGINT REFERENCES "attachment" ("id") ON DELETE SET NULL
);
CREATE INDEX "ix_product_position" ON "product" ("active", "position");
CREATE TABLE "cart_line" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "price_seen" BIGINT NOT NULL,
    "created_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_cart_line_contact_d28996" UNIQUE ("contact_id", "product_id")
);
CREATE TABLE "order_line" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "sku" VARCHAR(64) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "quantity" INT NOT NULL,
    "price" BIGINT NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "product_id" BIGINT REFERENCES "product" ("id") ON DELETE SET NULL
);
CREATE INDEX "ix_order_line_order" ON "order_line" ("order_id");
CREATE INDEX "ix_order_line_product" ON "order_line" ("product_id");
CREATE TABLE "report_run" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "report" VARCHAR(32) NOT NULL,
    "slot" VARCHAR(80) NOT NULL,
    "period_start" TIMESTAMP NOT NULL,
    "period_end" TIMESTAMP NOT NULL,
    "timezone" VARCHAR(64) NOT NULL,
    "state" VARCHAR(10) NOT NULL DEFAULT 'due',
    "progress" VARCHAR(200) NOT NULL DEFAULT '',
    "result" TEXT NOT NULL DEFAULT '',
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "started_at" TIMESTAMP,
    "finished_at" TIMESTAMP,
    CONSTRAINT "uid_report_run_report_beacc2" UNIQUE ("report", "slot")
);
CREATE INDEX "ix_report_run_created" ON "report_run" ("report", "created_at");
CREATE TABLE "review" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "conversation_id" BIGINT,
    "account" VARCHAR(64) NOT NULL DEFAULT '',
    "stars" SMALLINT NOT NULL,
    "text" TEXT NOT NULL DEFAULT '',
    "display_name" VARCHAR(80) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "state" VARCHAR(16) NOT NULL DEFAULT 'pending',
    "decided_by" BIGINT,
    "decided_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "order_id" BIGINT REFERENCES "order" ("id") ON DELETE SET NULL,
    "product_id" BIGINT REFERENCES "product" ("id") ON DELETE SET NULL
);
CREATE INDEX "ix_review_state" ON "review" ("state", "created_at");
CREATE INDEX "ix_review_contact" ON "review" ("contact_id", "created_at");
CREATE INDEX "ix_review_product" ON "review" ("product_id", "state");
CREATE INDEX "ix_review_updated" ON "review" ("updated_at", "id");
CREATE TABLE "review_photo" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "position" SMALLINT NOT NULL DEFAULT 0,
    "attachment_id" BIGINT NOT NULL REFERENCES "attachment" ("id") ON DELETE CASCADE,
    "review_id" BIGINT NOT NULL REFERENCES "review" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_review_phot_review__02e865" UNIQUE ("review_id", "attachment_id")
);
CREATE TABLE "setting" (
    "name" VARCHAR(100) NOT NULL PRIMARY KEY,
    "value" TEXT NOT NULL
);
CREATE TABLE "staff" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "login" VARCHAR(64) NOT NULL UNIQUE,
    "name" VARCHAR(120) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "password_hash" VARCHAR(255) NOT NULL,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "timezone" VARCHAR(64) NOT NULL DEFAULT 'UTC',
    "active" INT NOT NULL DEFAULT 1,
    "must_change_password" INT NOT NULL DEFAULT 0,
    "created_at" TIMESTAMP NOT NULL
);
CREATE TABLE "identity" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "account" VARCHAR(64) NOT NULL,
    "external_id" VARCHAR(191) NOT NULL,
    "name" VARCHAR(200) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "reachable" INT NOT NULL DEFAULT 1,
    "created_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "staff_id" BIGINT REFERENCES "staff" ("id") ON DELETE SET NULL,
    CONSTRAINT "uid_identity_account_43cde6" UNIQUE ("account", "external_id")
);
CREATE TABLE "conversation" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "lane" VARCHAR(255) NOT NULL UNIQUE,
    "account" VARCHAR(64) NOT NULL,
    "epoch" INT NOT NULL DEFAULT 0,
    "last_seq" INT NOT NULL DEFAULT 0,
    "last_text" VARCHAR(300) NOT NULL DEFAULT '',
    "last_author" VARCHAR(16) NOT NULL DEFAULT '',
    "last_at" TIMESTAMP NOT NULL,
    "unread" INT NOT NULL DEFAULT 0,
    "waiting_since" TIMESTAMP,
    "reason" VARCHAR(200) NOT NULL DEFAULT '',
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "attention" VARCHAR(300) NOT NULL DEFAULT '',
    "closed_at" TIMESTAMP,
    "choices" TEXT NOT NULL DEFAULT '[]',
    "first_response_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "contact_id" BIGINT NOT NULL REFERENCES "contact" ("id") ON DELETE CASCADE,
    "owner_id" BIGINT REFERENCES "staff" ("id") ON DELETE SET NULL,
    "identity_id" BIGINT NOT NULL UNIQUE REFERENCES "identity" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_conversation_last" ON "conversation" ("last_at", "id");
CREATE INDEX "ix_conversation_owner" ON "conversation" ("owner_id", "last_at", "id");
CREATE INDEX "ix_conversation_waiting" ON "conversation" ("waiting_since", "id");
CREATE INDEX "ix_conversation_contact" ON "conversation" ("contact_id", "last_at");
CREATE INDEX "ix_conversation_updated" ON "conversation" ("updated_at", "id");
CREATE TABLE "dialog" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "token" VARCHAR(16) NOT NULL UNIQUE,
    "handler" VARCHAR(120) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "background" INT NOT NULL DEFAULT 0,
    "trigger" TEXT NOT NULL DEFAULT '',
    "journal" TEXT NOT NULL DEFAULT '[]',
    "question" TEXT NOT NULL DEFAULT '',
    "remind_at" TIMESTAMP,
    "expire_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_dialog_conversation" ON "dialog" ("conversation_id", "state");
CREATE TABLE "link_code" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "code_hash" VARCHAR(64) NOT NULL UNIQUE,
    "expires_at" TIMESTAMP NOT NULL,
    "used_at" TIMESTAMP,
    "staff_id" BIGINT NOT NULL REFERENCES "staff" ("id") ON DELETE CASCADE
);
CREATE TABLE "message" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "seq" INT NOT NULL,
    "author" VARCHAR(16) NOT NULL,
    "staff_id" BIGINT,
    "text" TEXT NOT NULL DEFAULT '',
    "body" TEXT NOT NULL DEFAULT '',
    "client_id" VARCHAR(64),
    "delivery" VARCHAR(16) NOT NULL DEFAULT '',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" TIMESTAMP NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_message_convers_bc0d0e" UNIQUE ("conversation_id", "seq"),
    CONSTRAINT "uid_message_convers_e4db55" UNIQUE ("conversation_id", "client_id")
);
CREATE INDEX "ix_message_at" ON "message" ("at", "id");
CREATE TABLE "report_delivery" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "state" VARCHAR(10) NOT NULL DEFAULT 'due',
    "created_at" TIMESTAMP NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    "run_id" BIGINT NOT NULL REFERENCES "report_run" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_report_deli_run_id_831b7e" UNIQUE ("run_id", "conversation_id")
);
CREATE TABLE "report_subscription" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "report" VARCHAR(32) NOT NULL,
    "cron" VARCHAR(64) NOT NULL,
    "timezone" VARCHAR(64) NOT NULL,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "active" INT NOT NULL DEFAULT 1,
    "next_at" TIMESTAMP,
    "created_at" TIMESTAMP NOT NULL,
    "conversation_id" BIGINT NOT NULL REFERENCES "conversation" ("id") ON DELETE CASCADE,
    "staff_id" BIGINT NOT NULL REFERENCES "staff" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_report_subs_report_e88fa4" UNIQUE ("report", "conversation_id", "cron", "timezone")
);
CREATE INDEX "ix_subscription_next" ON "report_subscription" ("active", "next_at");
CREATE TABLE "staff_session" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "csrf" VARCHAR(64) NOT NULL,
    "user_agent" VARCHAR(200) NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "seen_at" TIMESTAMP NOT NULL,
    "expires_at" TIMESTAMP NOT NULL,
    "staff_id" BIGINT NOT NULL REFERENCES "staff" ("id") ON DELETE CASCADE
);
CREATE INDEX "ix_session_staff" ON "staff_session" ("staff_id");
CREATE TABLE "stock_hold" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "quantity" INT NOT NULL,
    "expires_at" TIMESTAMP NOT NULL,
    "order_id" BIGINT NOT NULL REFERENCES "order" ("id") ON DELETE CASCADE,
    "product_id" BIGINT NOT NULL REFERENCES "product" ("id") ON DELETE CASCADE,
    CONSTRAINT "uid_stock_hold_order_i_8633ab" UNIQUE ("order_id", "product_id")
);
CREATE INDEX "ix_stock_hold_product" ON "stock_hold" ("product_id", "expires_at");
CREATE TABLE "visitor" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "external_id" VARCHAR(64) NOT NULL UNIQUE,
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "created_at" TIMESTAMP NOT NULL,
    "seen_at" TIMESTAMP NOT NULL
);
CREATE INDEX "ix_inbound_pending" ON "inbound" ("id") WHERE "state" = 'pending';
CREATE INDEX "ix_inbound_parked" ON "inbound" ("id") WHERE "state" = 'parked';
CREATE INDEX "ix_effect_pending" ON "effect" ("due_at", "id") WHERE "state" = 'pending';
CREATE INDEX "ix_effect_parked" ON "effect" ("id") WHERE "state" = 'parked';
CREATE INDEX "ix_effect_conversation" ON "effect" ("conversation_id", "id") WHERE "state" = 'pending';
CREATE INDEX "ix_dialog_remind" ON "dialog" ("remind_at") WHERE "remind_at" IS NOT NULL;
CREATE INDEX "ix_dialog_expire" ON "dialog" ("expire_at") WHERE "expire_at" IS NOT NULL;
