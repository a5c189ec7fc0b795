"""What people want to hear of us unasked: news with a yes, reminders and news of orders until they say no."""

from __future__ import annotations

from bot.core.callback import Callback
from bot.core.chat import Chat
from bot.core.message import Button
from bot.core.router import RUN, Router
from bot.core.text import Text, _
from bot.services import broadcasts, consents, reach
from bot.services.consents import Kind

router = Router("news")

#: STOP ends what nobody asked for; news of own orders are part of what was bought, and end when they are named.
UNASKED: tuple[Kind, ...] = ("news", "reminders")
QUESTION = _("May we write to you here now and then, about new products and offers? You can say STOP at any time.")
STANDS = {
    "orders": (_("News of your orders: yes"), _("News of your orders: no")),
    "reminders": (_("Reminders: yes"), _("Reminders: no")),
    "news": (_("News of the shop: yes"), _("News of the shop: no")),
}


class Silence(Callback):
    """Nothing of one's orders either."""


@router.command("news", "消息订阅", "订阅设置", title=_("News and reminders"), menu=80)
async def settle(chat: Chat) -> None:
    """How it stands here, and the question for what needs a yes."""
    now = await chat.do(consents.mine)
    chat.say("\n".join(chat.words(line(one)) for one in now.all()))
    if now.news.given and not chat.person.is_staff:
        enough = Button(chat.words(_("No more news")), f"{RUN}stop")
        chat.say(_("If you want to hear less, say STOP."), buttons=[enough])
    else:
        await ask(chat)


async def ask(chat: Chat) -> None:
    """The question itself; the answer is kept with it, since it is the proof. Staff get reports, and no news."""
    if chat.person.is_staff:
        chat.say(_("This chat is linked to an account of staff: news of the shop do not come here. /unlink ends that."))
        return
    agreed = await chat.confirm(QUESTION, expire="1d")
    await chat.do(consents.answered, "news", agreed, chat.words(QUESTION))
    chat.say(_("Thank you, we will. Say STOP whenever it is enough.") if agreed else _("All right, no news then."))


@router.command("stop", "unsubscribe", "opt out", "stop all", "退订", "取消订阅", "td", stops=True)
async def stop(chat: Chat) -> None:
    """Obeyed at once, and confirmed once: whoever says it again hears nothing."""
    if await chat.do(consents.stop, chat.inbound.text or "STOP", UNASKED):
        chat.say(
            _("Done: no more news and reminders here. We still tell you of your own orders. START brings them back."),
            buttons=[Button(chat.words(_("Not even of my orders")), Silence().pack())],
        )


@router.on(Silence)
async def be_silent(chat: Chat, _tap: Silence) -> None:
    """Nothing unasked at all."""
    if await chat.do(consents.stop, chat.words(_("Not even of my orders")), consents.KINDS):
        chat.say(_("Done: we write here only when you do. Say START to hear us again."))


@router.command("subscribe", "start", "订阅", "恢复订阅", acts=True)
async def start(chat: Chat) -> None:
    """Back to what they had; news only for those who wanted them once, others are asked."""
    if await chat.do(consents.start, chat.inbound.text or "START"):
        chat.say(_("Welcome back: you get news, reminders and news of your orders here. STOP ends them."))
    else:
        chat.say(_("Reminders and news of your orders come here."))
        await ask(chat)


@router.event("news")
async def tell(chat: Chat) -> None:
    """What the shop tells all who want its news; it was asked a moment ago whether they still do."""
    if not (await chat.do(reach.ask, chat.person.capabilities, "news")).leaves:
        return
    letter = await chat.do(broadcasts.letter, int(chat.inbound.data))
    if letter is None:
        return
    buttons = [Button(letter.label, f"{RUN}{letter.command}", style="primary")] if letter.command else []
    enough = chat.words(_("Say STOP to get no more of these."))
    chat.say(f"{letter.text}\n\n{enough}", files=letter.files, buttons=buttons)


def line(one: consents.Standing) -> Text:
    """`Reminders: yes`."""
    given, not_given = STANDS[one.kind]
    return given if one.given else not_given
