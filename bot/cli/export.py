"""`export`: everything about one person as a zip file: contact.json and the files themselves."""

from __future__ import annotations

import argparse
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bot.cli import people, session, terminal
from bot.core.errors import BadInput

if TYPE_CHECKING:
    from bot.core.ports import Storage

NAME = "export"
SUMMARY = "write everything about one person into a zip file"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Whom, and where to."""
    parser.add_argument("contact", metavar="CONTACT", help="number of the contact, or an address like telegram:4711")
    parser.add_argument("--to", type=session.path, metavar="FILE", help="default: contact-<number>.zip here")


def run(args: argparse.Namespace) -> int:
    """Write the file."""
    return session.finish(_export(args))


async def _export(args: argparse.Namespace) -> int:
    from bot.app import make_storage
    from bot.services import privacy
    from models.database import transaction

    config = session.configured(args)
    async with session.database(config, writes=False):
        contact = await people.find_contact(args.contact)
        async with transaction():
            data = await privacy.export(contact)
        target: Path = args.to or Path(f"contact-{contact}.zip")
        missing = await _write(target, data, make_storage(config))
    print(f"{target} holds everything about contact {contact}: contact.json and {len(data['files']) - missing} files.")
    if missing:
        terminal.complain(f"{missing} files are named in the data but are not in the store.")
    return session.FAILED if missing else session.DONE


async def _write(target: Path, data: dict[str, Any], storage: Storage) -> int:
    """Write next to `target` first, so that there is never half an export; returns how many files are missing."""
    draft = target.with_name(f"{target.name}.part")
    try:
        draft.touch(mode=0o600)
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("contact.json", _json(data))
            missing = await _add_files(archive, data["files"], storage)
        draft.replace(target)
    except OSError as error:
        raise BadInput(f"{target} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
        await storage.close()
    return missing


def _json(data: dict[str, Any]) -> bytes:
    import orjson

    return orjson.dumps(data, option=orjson.OPT_INDENT_2, default=str)


async def _add_files(archive: zipfile.ZipFile, keys: list[str], storage: Storage) -> int:
    from bot.core.errors import FileMissing

    progress, missing = terminal.Progress(), 0
    for number, key in enumerate(keys, start=1):
        progress.say(f"file {number}/{len(keys)}")
        try:
            await storage.size(key)
        except FileMissing:
            missing += 1
            continue
        with archive.open(f"files/{key}", "w") as entry:
            async for chunk in storage.open(key):
                entry.write(chunk)
    progress.done()
    return missing
