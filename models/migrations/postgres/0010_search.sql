-- Pieces of words without an extension: which groups of up to three letters stand at which places of a part of the ids.
-- A part is written once, when all its rows are there, so that storing a row costs nothing more. Rows of all parts are
-- few and wide: a row for each of some thousand letter groups would be mostly its own header.
CREATE TABLE "message_search" (
    "bucket" SMALLINT NOT NULL,
    "part" INT NOT NULL,
    "keys" INT[] NOT NULL,
    "places" BYTEA[] NOT NULL,
    PRIMARY KEY ("bucket", "part")
);
ALTER TABLE "message_search" ALTER COLUMN "keys" SET STORAGE MAIN, ALTER COLUMN "places" SET STORAGE MAIN;
CREATE TABLE "message_search_part" ("part" INT NOT NULL PRIMARY KEY);
-- What rows said that were changed or deleted, until the index has forgotten it: in the same transaction, if we do it.
CREATE TABLE "message_search_changed" ("id" BIGINT NOT NULL, "text" TEXT NOT NULL);
CREATE FUNCTION message_search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO message_search_changed VALUES (OLD.id, OLD.text);
    RETURN NULL;
END $$;
CREATE TRIGGER message_search_deleted AFTER DELETE ON message FOR EACH ROW
    WHEN (OLD.text <> '' AND OLD.author IN ('customer', 'staff', 'note')) EXECUTE FUNCTION message_search_changed();
CREATE TRIGGER message_search_updated AFTER UPDATE OF text ON message FOR EACH ROW
    WHEN (OLD.text <> NEW.text AND OLD.author IN ('customer', 'staff', 'note')) EXECUTE FUNCTION message_search_changed();

CREATE TABLE "contact_search" (
    "bucket" SMALLINT NOT NULL,
    "part" INT NOT NULL,
    "keys" INT[] NOT NULL,
    "places" BYTEA[] NOT NULL,
    PRIMARY KEY ("bucket", "part")
);
ALTER TABLE "contact_search" ALTER COLUMN "keys" SET STORAGE MAIN, ALTER COLUMN "places" SET STORAGE MAIN;
CREATE TABLE "contact_search_part" ("part" INT NOT NULL PRIMARY KEY);
CREATE TABLE "contact_search_changed" ("id" BIGINT NOT NULL, "text" TEXT NOT NULL);
CREATE FUNCTION contact_search_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO contact_search_changed VALUES (OLD.id, concat_ws(E'\n', OLD.name, OLD.phone, OLD.email));
    RETURN NULL;
END $$;
CREATE TRIGGER contact_search_deleted AFTER DELETE ON contact FOR EACH ROW EXECUTE FUNCTION contact_search_changed();
CREATE TRIGGER contact_search_updated AFTER UPDATE OF name, phone, email ON contact FOR EACH ROW
    WHEN ((OLD.name, OLD.phone, OLD.email) <> (NEW.name, NEW.phone, NEW.email))
    EXECUTE FUNCTION contact_search_changed();
