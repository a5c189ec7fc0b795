"""The channel accounts of the configuration, each with what it is given to work with."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from types import MappingProxyType

from bot import channels
from bot.app_web import file_links, given_links
from bot.channels._account import Around, Commands
from bot.channels.webchat import WebChat
from bot.config import Config
from bot.core.message import GIF, Attachment
from bot.core.ports import Channel, OpenFile, Storage
from bot.edge.posting import MakePosts, Poster
from bot.runtime.platforms.notes import SharedNotes
from bot.runtime.platforms.open_calls import AccountCalls, HeldCalls
from bot.services import attachments
from bot.services import settings as kept
from bot.services.filing import Filing

#: How keys of pictures end that leave as they are.
JPEG = ".jpg"


async def make_channels(
    config: Config,
    open_file: OpenFile,
    calls: HeldCalls,
    posts: MakePosts = Poster,
    offered: Mapping[str, Commands] = MappingProxyType({}),
) -> dict[str, Channel]:
    """The channel accounts of the configuration, by name; what one needs is imported only where there is one."""
    found: dict[str, Channel] = {"webchat": WebChat()}
    notes, (link, preview), given = SharedNotes(), await file_links(config), await given_links(config)
    for account, settings in config.accounts().items():
        around = Around(
            account=account,
            hook=config.server.hook(account),
            open_file=open_file,
            posts=posts,
            notes=notes,
            calls=AccountCalls(calls, account),
            given=given,
            link=link,
            preview=preview,
            commands=next(iter(offered.values()), ()),
            commands_in=offered,
            # Other things of ours have secrets by their names, too; that of the first bot keeps its own.
            secret=(await kept.secret(account if account == "telegram" else f"channel {account}")).hex(),
        )
        found[account] = channels.of(settings).opened(settings, around)
    return found


def opener(storage: Storage, filing: Filing) -> OpenFile:
    """How a channel reads the bytes of one of our files: pictures as JPEG, others as they came, see `as_sent`."""

    async def open_file(attachment: Attachment) -> AsyncIterator[bytes]:
        file = await attachments.details(attachment.id)
        if file is None:
            return
        key = file.storage_key if attachment.media_type == GIF else file.display_key or file.storage_key
        if file.kind == "image" and attachment.media_type != GIF and not key.endswith(JPEG):
            yield await filing.as_jpeg(key)
            return
        async for chunk in storage.open(key):
            yield chunk

    return open_file
