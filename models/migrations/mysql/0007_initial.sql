-- The schema as of migration 7 of the other engines. Names are quoted as in standard SQL (sql_mode ANSI_QUOTES).
-- Texts are compared byte by byte, spaces at their end included: the collation decides what a unique key takes for equal.
-- There are no partial indexes: the column that the others leave rows out by comes first here.
CREATE TABLE "attachment" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
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
    "source" LONGTEXT NOT NULL DEFAULT (''),
    "public" BOOL NOT NULL DEFAULT FALSE,
    "created_at" DATETIME(6) NOT NULL,
    KEY "ix_attachment_message" ("conversation_id", "message_seq"),
    KEY "ix_attachment_contact" ("contact_id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "audit" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "staff_id" BIGINT,
    "action" VARCHAR(64) NOT NULL,
    "object" VARCHAR(120) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    KEY "ix_audit_at" ("at", "id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "contact" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "name" VARCHAR(200) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "phone" VARCHAR(64) NOT NULL DEFAULT '',
    "email" VARCHAR(254) NOT NULL DEFAULT '',
    "delivery" LONGTEXT NOT NULL DEFAULT (''),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    KEY "ix_contact_name" ("name"),
    KEY "ix_contact_phone" ("phone")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "effect" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "key" VARCHAR(191) NOT NULL UNIQUE,
    "kind" VARCHAR(32) NOT NULL,
    "lane" VARCHAR(255) NOT NULL,
    "conversation_id" BIGINT,
    "message_seq" INT,
    "author" VARCHAR(16) NOT NULL DEFAULT 'system',
    "epoch" INT NOT NULL DEFAULT 0,
    "payload" LONGTEXT NOT NULL,
    "state" VARCHAR(10) NOT NULL DEFAULT 'pending',
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "due_at" DATETIME(6) NOT NULL,
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" DATETIME(6) NOT NULL,
    "done_at" DATETIME(6),
    KEY "ix_effect_pending" ("state", "due_at", "id"),
    KEY "ix_effect_parked" ("state", "id"),
    KEY "ix_effect_conversation" ("conversation_id", "id")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "inbound" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "key" VARCHAR(191) NOT NULL,
    "lane" VARCHAR(255) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "payload" LONGTEXT NOT NULL,
    "state" VARCHAR(8) NOT NULL DEFAULT 'pending',
    "attempts" SMALLINT NOT NULL DEFAULT 0,
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "received_at" DATETIME(6) NOT NULL,
    UNIQUE KEY "uid_inbound_account_9a386f" ("account", "key"),
    KEY "ix_inbound_pending" ("state", "id"),
    KEY "ix_inbound_lane" ("lane")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "login_attempt" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "subject" VARCHAR(191) NOT NULL UNIQUE,
    "failures" INT NOT NULL DEFAULT 0,
    "locked_until" DATETIME(6),
    "updated_at" DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "order" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "number" VARCHAR(32) NOT NULL UNIQUE,
    "conversation_id" BIGINT,
    "account" VARCHAR(64) NOT NULL DEFAULT '',
    "state" VARCHAR(16) NOT NULL,
    "total" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "phone" VARCHAR(64) NOT NULL DEFAULT '',
    "address" LONGTEXT NOT NULL,
    "hold_until" DATETIME(6),
    "paid_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    KEY "ix_order_contact" ("contact_id", "created_at"),
    KEY "ix_order_hold" ("state", "hold_until"),
    KEY "ix_order_created" ("created_at", "id"),
    KEY "ix_order_updated" ("updated_at", "id"),
    KEY "ix_order_state_created" ("state", "created_at", "id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "order_event" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "from_state" VARCHAR(16) NOT NULL DEFAULT '',
    "to_state" VARCHAR(16) NOT NULL,
    "actor" VARCHAR(80) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    "order_id" BIGINT NOT NULL,
    KEY "ix_order_event_order" ("order_id", "id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "payment" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
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
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "order_id" BIGINT NOT NULL,
    KEY "ix_payment_order" ("order_id"),
    KEY "ix_payment_reference" ("provider", "reference"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "payment_event" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "action" VARCHAR(32) NOT NULL,
    "note" VARCHAR(300) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    "payment_id" BIGINT NOT NULL,
    KEY "ix_payment_event_payment" ("payment_id", "id"),
    FOREIGN KEY ("payment_id") REFERENCES "payment" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "product" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "sku" VARCHAR(64) NOT NULL UNIQUE,
    "category" VARCHAR(64) NOT NULL DEFAULT '',
    "name" JSON NOT NULL,
    "description" JSON NOT NULL,
    "price" BIGINT NOT NULL,
    "currency" VARCHAR(3) NOT NULL,
    "stock" INT NOT NULL DEFAULT 0,
    "position" INT NOT NULL DEFAULT 0,
    "active" BOOL NOT NULL DEFAULT TRUE,
    "updated_at" DATETIME(6) NOT NULL,
    "picture_id" BIGINT,
    KEY "ix_product_position" ("active", "position"),
    FOREIGN KEY ("picture_id") REFERENCES "attachment" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "cart_line" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "quantity" INT NOT NULL,
    "price_seen" BIGINT NOT NULL,
    "created_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "product_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_cart_line_contact_d28996" ("contact_id", "product_id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "order_line" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "sku" VARCHAR(64) NOT NULL,
    "name" VARCHAR(200) NOT NULL,
    "quantity" INT NOT NULL,
    "price" BIGINT NOT NULL,
    "order_id" BIGINT NOT NULL,
    "product_id" BIGINT,
    KEY "ix_order_line_order" ("order_id"),
    KEY "ix_order_line_product" ("product_id"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "report_run" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "report" VARCHAR(32) NOT NULL,
    "slot" VARCHAR(80) NOT NULL,
    "period_start" DATETIME(6) NOT NULL,
    "period_end" DATETIME(6) NOT NULL,
    "timezone" VARCHAR(64) NOT NULL,
    "state" VARCHAR(10) NOT NULL DEFAULT 'due',
    "progress" VARCHAR(200) NOT NULL DEFAULT '',
    "result" LONGTEXT NOT NULL DEFAULT (''),
    "error" VARCHAR(500) NOT NULL DEFAULT '',
    "created_at" DATETIME(6) NOT NULL,
    "started_at" DATETIME(6),
    "finished_at" DATETIME(6),
    UNIQUE KEY "uid_report_run_report_beacc2" ("report", "slot"),
    KEY "ix_report_run_created" ("report", "created_at")
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "review" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "conversation_id" BIGINT,
    "account" VARCHAR(64) NOT NULL DEFAULT '',
    "stars" SMALLINT NOT NULL,
    "text" LONGTEXT NOT NULL DEFAULT (''),
    "display_name" VARCHAR(80) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "state" VARCHAR(16) NOT NULL DEFAULT 'pending',
    "decided_by" BIGINT,
    "decided_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "order_id" BIGINT,
    "product_id" BIGINT,
    KEY "ix_review_state" ("state", "created_at"),
    KEY "ix_review_contact" ("contact_id", "created_at"),
    KEY "ix_review_product" ("product_id", "state"),
    KEY "ix_review_updated" ("updated_at", "id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "review_photo" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "position" SMALLINT NOT NULL DEFAULT 0,
    "attachment_id" BIGINT NOT NULL,
    "review_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_review_phot_review__02e865" ("review_id", "attachment_id"),
    KEY "ix_review_photo_attachment" ("attachment_id"),
    FOREIGN KEY ("attachment_id") REFERENCES "attachment" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("review_id") REFERENCES "review" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "setting" (
    "name" VARCHAR(100) NOT NULL PRIMARY KEY,
    "value" LONGTEXT NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "staff" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "login" VARCHAR(64) NOT NULL UNIQUE,
    "name" VARCHAR(120) NOT NULL,
    "role" VARCHAR(16) NOT NULL,
    "password_hash" VARCHAR(255) NOT NULL,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "timezone" VARCHAR(64) NOT NULL DEFAULT 'UTC',
    "active" BOOL NOT NULL DEFAULT TRUE,
    "must_change_password" BOOL NOT NULL DEFAULT FALSE,
    "created_at" DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "identity" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "account" VARCHAR(64) NOT NULL,
    "external_id" VARCHAR(191) NOT NULL,
    "name" VARCHAR(200) NOT NULL DEFAULT '',
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "reachable" BOOL NOT NULL DEFAULT TRUE,
    "created_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "staff_id" BIGINT,
    UNIQUE KEY "uid_identity_account_43cde6" ("account", "external_id"),
    KEY "ix_identity_contact" ("contact_id"),
    KEY "ix_identity_staff" ("staff_id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("staff_id") REFERENCES "staff" ("id") ON DELETE SET NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "conversation" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "lane" VARCHAR(255) NOT NULL UNIQUE,
    "account" VARCHAR(64) NOT NULL,
    "epoch" INT NOT NULL DEFAULT 0,
    "last_seq" INT NOT NULL DEFAULT 0,
    "last_text" VARCHAR(300) NOT NULL DEFAULT '',
    "last_author" VARCHAR(16) NOT NULL DEFAULT '',
    "last_at" DATETIME(6) NOT NULL,
    "unread" INT NOT NULL DEFAULT 0,
    "waiting_since" DATETIME(6),
    "reason" VARCHAR(200) NOT NULL DEFAULT '',
    "priority" SMALLINT NOT NULL DEFAULT 0,
    "attention" VARCHAR(300) NOT NULL DEFAULT '',
    "closed_at" DATETIME(6),
    "choices" LONGTEXT NOT NULL DEFAULT ('[]'),
    "first_response_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "contact_id" BIGINT NOT NULL,
    "owner_id" BIGINT,
    "identity_id" BIGINT NOT NULL UNIQUE,
    "version" BIGINT NOT NULL DEFAULT 0,
    KEY "ix_conversation_last" ("last_at", "id"),
    KEY "ix_conversation_owner" ("owner_id", "last_at", "id"),
    KEY "ix_conversation_waiting" ("waiting_since", "id"),
    KEY "ix_conversation_contact" ("contact_id", "last_at"),
    KEY "ix_conversation_updated" ("updated_at", "id"),
    KEY "ix_conversation_bot_last" ("owner_id", "waiting_since", "closed_at", "last_at", "id"),
    FOREIGN KEY ("contact_id") REFERENCES "contact" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("owner_id") REFERENCES "staff" ("id") ON DELETE SET NULL,
    FOREIGN KEY ("identity_id") REFERENCES "identity" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "dialog" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "token" VARCHAR(16) NOT NULL UNIQUE,
    "handler" VARCHAR(120) NOT NULL,
    "state" VARCHAR(16) NOT NULL,
    "background" BOOL NOT NULL DEFAULT FALSE,
    "trigger" LONGTEXT NOT NULL DEFAULT (''),
    "journal" LONGTEXT NOT NULL DEFAULT ('[]'),
    "question" LONGTEXT NOT NULL DEFAULT (''),
    "remind_at" DATETIME(6),
    "expire_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "updated_at" DATETIME(6) NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    KEY "ix_dialog_conversation" ("conversation_id", "state"),
    KEY "ix_dialog_remind" ("remind_at"),
    KEY "ix_dialog_expire" ("expire_at"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "link_code" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "code_hash" VARCHAR(64) NOT NULL UNIQUE,
    "expires_at" DATETIME(6) NOT NULL,
    "used_at" DATETIME(6),
    "staff_id" BIGINT NOT NULL,
    FOREIGN KEY ("staff_id") REFERENCES "staff" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "message" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "seq" INT NOT NULL,
    "author" VARCHAR(16) NOT NULL,
    "staff_id" BIGINT,
    "text" LONGTEXT NOT NULL DEFAULT (''),
    "body" LONGTEXT NOT NULL DEFAULT (''),
    "client_id" VARCHAR(64),
    "delivery" VARCHAR(16) NOT NULL DEFAULT '',
    "error" VARCHAR(300) NOT NULL DEFAULT '',
    "at" DATETIME(6) NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_message_convers_bc0d0e" ("conversation_id", "seq"),
    UNIQUE KEY "uid_message_convers_e4db55" ("conversation_id", "client_id"),
    KEY "ix_message_at" ("at", "id"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "report_delivery" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "state" VARCHAR(10) NOT NULL DEFAULT 'due',
    "created_at" DATETIME(6) NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "run_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_report_deli_run_id_831b7e" ("run_id", "conversation_id"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("run_id") REFERENCES "report_run" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "report_subscription" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "report" VARCHAR(32) NOT NULL,
    "cron" VARCHAR(64) NOT NULL,
    "timezone" VARCHAR(64) NOT NULL,
    "locale" VARCHAR(16) NOT NULL DEFAULT 'en',
    "active" BOOL NOT NULL DEFAULT TRUE,
    "next_at" DATETIME(6),
    "created_at" DATETIME(6) NOT NULL,
    "conversation_id" BIGINT NOT NULL,
    "staff_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_report_subs_report_e88fa4" ("report", "conversation_id", "cron", "timezone"),
    KEY "ix_subscription_next" ("active", "next_at"),
    FOREIGN KEY ("conversation_id") REFERENCES "conversation" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("staff_id") REFERENCES "staff" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "staff_session" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "csrf" VARCHAR(64) NOT NULL,
    "user_agent" VARCHAR(200) NOT NULL DEFAULT '',
    "created_at" DATETIME(6) NOT NULL,
    "seen_at" DATETIME(6) NOT NULL,
    "expires_at" DATETIME(6) NOT NULL,
    "staff_id" BIGINT NOT NULL,
    KEY "ix_session_staff" ("staff_id"),
    FOREIGN KEY ("staff_id") REFERENCES "staff" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "stock_hold" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "quantity" INT NOT NULL,
    "expires_at" DATETIME(6) NOT NULL,
    "order_id" BIGINT NOT NULL,
    "product_id" BIGINT NOT NULL,
    UNIQUE KEY "uid_stock_hold_order_i_8633ab" ("order_id", "product_id"),
    KEY "ix_stock_hold_product" ("product_id", "expires_at"),
    FOREIGN KEY ("order_id") REFERENCES "order" ("id") ON DELETE CASCADE,
    FOREIGN KEY ("product_id") REFERENCES "product" ("id") ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
CREATE TABLE "visitor" (
    "id" BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
    "token_hash" VARCHAR(64) NOT NULL UNIQUE,
    "external_id" VARCHAR(64) NOT NULL UNIQUE,
    "locale" VARCHAR(16) NOT NULL DEFAULT '',
    "created_at" DATETIME(6) NOT NULL,
    "seen_at" DATETIME(6) NOT NULL
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 /*M! COLLATE=utf8mb4_nopad_bin */ /*!80000 COLLATE=utf8mb4_0900_bin */;
-- A turn may begin from what a process remembers of a conversation, and the version tells whether that still holds. It
-- depends on the person and the address as well; whoever changes those need not know of it.
CREATE TRIGGER "contact_changed" AFTER UPDATE ON "contact" FOR EACH ROW
    UPDATE "conversation" SET "version" = "version" + 1
    WHERE "contact_id" = NEW."id" AND NOT (NEW."name" <=> OLD."name" AND NEW."locale" <=> OLD."locale");
CREATE TRIGGER "identity_changed" AFTER UPDATE ON "identity" FOR EACH ROW
    UPDATE "conversation" SET "version" = "version" + 1
    WHERE "identity_id" = NEW."id" AND NOT
    (NEW."name" <=> OLD."name" AND NEW."locale" <=> OLD."locale" AND NEW."staff_id" <=> OLD."staff_id");
