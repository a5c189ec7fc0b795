"""The promises whose proof is in the ordinary tests, with the variants under which those must be red."""

from __future__ import annotations

from tests.faults.cases import made_up, proven

BAD = "tests/contracts/bad_input"
WEB = "tests/unit/web"
EVERY_CALL = "tests/contracts/wire/test_calls.py"
ADDRESSES = "tests/contracts/test_foreign_addresses.py"
TELEGRAM_ADDRESSES = "tests/contracts/telegram/test_addresses.py"
BACKUP = "tests/faults/test_backup.py"

PARTS = (
    proven(
        8,
        "signatures",
        "A call that is not signed, or is signed wrongly, is refused and leaves no row",
        "401 or 403 each, 0 rows",
        (
            f"{BAD}/test_webhooks.py::test_who_has_not_the_secret_is_refused_and_leaves_no_row",
            f"{BAD}/test_webhooks.py::test_a_secret_in_bytes_that_are_no_text_is_refused",
            f"{BAD}/test_webhooks.py::test_a_secret_with_one_wrong_bit_is_refused",
            f"{BAD}/test_sockets.py::test_a_wrong_token_opens_nothing",
            f"{WEB}/test_hooks.py::test_a_wrong_secret_leaves_no_row",
            EVERY_CALL,
            "tests/contracts/test_payments.py",
            "tests/unit/storage/test_links.py",
        ),
        armed={
            "believes-every-caller": (
                f"{BAD}/test_webhooks.py::test_who_has_not_the_secret_is_refused_and_leaves_no_row",
            ),
            "believes-every-platform": (EVERY_CALL,),
        },
        notes="A repeated call that is signed well is `duplicates`.",
    ),
    proven(
        9,
        "malformed",
        "Bodies without sense, depth without end and bombs are refused, and nothing breaks",
        "0 answers 5xx, 0 rows",
        (
            f"{BAD}/test_webhooks.py",
            f"{BAD}/test_sockets.py",
            f"{BAD}/test_uploads.py",
            EVERY_CALL,
            f"{WEB}/test_hooks.py",
            f"{WEB}/test_wire.py",
            f"{WEB}/test_slow_bodies.py",
            "tests/unit/edge/test_hooks.py",
            *made_up("tests/unit/channels", "tests/contracts"),
        ),
        armed={"trusts-every-body": (f"{BAD}/test_webhooks.py::test_what_is_no_update_is_refused_and_leaves_no_row",)},
    ),
    proven(
        20,
        "access",
        "Every route and event, for every role, origin and foreign object, is as the table says",
        "0 differences; a route that the table does not have is red",
        (f"{WEB}/test_access.py", f"{WEB}/test_files.py", f"{WEB}/test_viewers.py"),
        armed={"asks-for-no-role": (f"{WEB}/test_access.py",)},
    ),
    proven(
        21,
        "hostile-text",
        "Markup in names, words, files and reviews stays text, in a real browser",
        "0 executions at the chat box, the desk and the shop page",
        ("tests/browser/test_hostile_text.py",),
        armed={"believes-in-markup": ("tests/browser/test_hostile_text.py",)},
    ),
    proven(
        22,
        "addresses",
        "No address that comes from outside is called: not from words, names, files, paths, redirects or headers",
        "0 connections to the canaries: 450 forms of addresses at each door, 24 as names of uploads",
        (ADDRESSES, TELEGRAM_ADDRESSES),
        armed={
            "goes-where-it-is-sent": (
                f"{ADDRESSES}::test_a_file_store_that_sends_us_elsewhere_is_not_followed",
                f"{TELEGRAM_ADDRESSES}::test_a_file_that_is_said_to_be_elsewhere_is_not_fetched_there",
                f"{TELEGRAM_ADDRESSES}::test_a_call_that_is_sent_elsewhere_does_not_go_there",
            ),
            "joins-addresses": (f"{TELEGRAM_ADDRESSES}::test_a_path_that_is_an_address_is_only_a_path",),
            "looks-at-links": (
                f"{ADDRESSES}::test_words_links_names_and_files_of_customers_are_called_by_nobody",
                f"{ADDRESSES}::test_words_and_files_of_visitors_are_called_by_nobody",
            ),
        },
        notes=(
            "Everything that is called stands in the settings: the channel's server, the file store, the database, "
            "the relay. A file whose address came with a message: tests/unit/channels/test_strangers.py."
        ),
    ),
    proven(
        23,
        "files",
        "Files of wrong types, bombs and names that climb are what they are, and open nothing",
        "as the tables of the tests; never shown inline but for pictures that were redrawn",
        (
            f"{WEB}/test_files.py",
            "tests/unit/test_media_images.py",
            "tests/unit/test_media_type.py",
            "tests/unit/storage/test_names.py",
            "tests/unit/storage/test_keys.py",
            "tests/contracts/telegram/test_files.py",
        ),
        armed={"believes-the-claim": (f"{WEB}/test_files.py",)},
    ),
    proven(
        24,
        "erase",
        "An export is all of one person and nothing of another; an erasure leaves the legal records alone",
        "a canary in every column, file and JSON key: all found, then none",
        (
            "tests/unit/services/test_privacy.py",
            "tests/unit/services/test_forgotten_payments.py",
            f"{WEB}/test_erase.py",
            "tests/analytics/test_lake.py::test_erase_drops_rows_at_once",
            "tests/analytics/test_lake.py::test_nobody_is_in_the_lake",
        ),
        armed={"forgets-to-forget": ("tests/unit/services/test_privacy.py",)},
    ),
    proven(
        26,
        "reports",
        "A report equals a direct SQL count, again and again, with late rows and killed updates",
        "difference 0; identical the second time",
        ("tests/analytics/test_numbers.py", "tests/analytics/test_lake.py", "tests/analytics/test_deliver.py"),
        armed={
            "forgets-late-rows": (
                "tests/analytics/test_numbers.py::test_reviews_equal_sql",
                "tests/analytics/test_lake.py::test_only_what_is_new_or_changed_is_read",
            )
        },
    ),
    proven(
        12,
        "money",
        "Orders and payments race: browser, notice, poll, clock, staff and a second tap come at one exact call",
        "one order, one capture, one receipt; a wrong amount is never paid; the ledger is captured minus refunded",
        (
            "tests/unit/services/test_races.py",
            "tests/unit/services/test_order_machine.py",
            "tests/unit/services/test_order_steps.py",
            "tests/unit/services/test_payments.py",
            "tests/unit/services/test_payment_ledger.py",
            "tests/unit/services/test_refunds.py",
            "tests/contracts/test_payments.py",
        ),
        armed={"locks-nothing": ("tests/unit/services/test_races.py",)},
        notes="Each race is forced at one call, on SQLite and PostgreSQL; a load of many orders at random is `trade`.",
    ),
    proven(
        25,
        "backup",
        "A backup of a shop in use, brought back elsewhere: every row as it was, and nothing is sent a second time",
        "row hashes equal; nothing acknowledged before the backup is missing; 0 messages sent again",
        (
            f"{BACKUP}::test_a_shop_is_copied_under_load_and_restored_without_sending_anything_again",
            f"{BACKUP}::test_the_same_on_postgresql",
            "tests/contracts/test_backup.py",
            "tests/unit/backup",
        ),
        armed={
            "restores-all": (f"{BACKUP}::test_a_shop_is_copied_under_load_and_restored_without_sending_anything_again",)
        },
    ),
    proven(
        14,
        "zones",
        "A daily time is due once on every local day, in every time zone, around every change of the clock to 2036",
        "as the brute-force model says",
        ("tests/unit/test_report_times.py", "tests/unit/test_schedule.py", "tests/analytics/test_subscriptions.py"),
        armed={"counts-no-offsets": ("tests/unit/test_report_times.py",)},
    ),
)
