"""What all channels share: an account's settings, and what it is given to work with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from bot.core.ports import Address, Notes, OpenCalls, OpenFile, no_address
from bot.edge.posting import MakePosts
from bot.settings.section import Section


class ChannelSettings(Section):
    """The table of one account. `cure` is what an operator does to switch it on, or when it does not work."""

    cure: ClassVar[str] = ""

    def missing(self) -> tuple[str, ...]:
        """Keys without which there is no account, and that may be left out where one need not be."""
        return ()

    def problem(self, hook: str) -> str:  # noqa: ARG002
        """What is wrong with these settings where platforms post to the address `hook`; "" for nothing."""
        return ""


Commands = tuple[tuple[str, str], ...]
"""What people can ask for, for a menu: "/order", "Place an order"; in the shop's first language."""


@dataclass(frozen=True, slots=True)
class Around:
    """What an account is given besides its settings."""

    account: str
    hook: str  # where its platform posts: https://…/hooks/<account>, and http where there is no other address
    open_file: OpenFile
    posts: MakePosts
    notes: Notes
    calls: OpenCalls
    secret: str  # 64 hex digits that nobody else knows, the same after every start and on every node
    commands: Commands = ()
    commands_in: Mapping[str, Commands] = field(default_factory=dict)  # the same by language: "zh"
    given: Address = no_address  # an https address that people can open for a month
    link: Address = no_address  # an https address where the platform can fetch a file of ours soon
    preview: Address = no_address  # of a small JPEG of a picture, and of a sign for a film: 100 kB at most

    def offered(self, language: str) -> Commands:
        """What people can ask for, in their language where it is one of the shop's."""
        return self.commands_in.get(language, self.commands)
