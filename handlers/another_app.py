"""One person, several apps: a code from one is entered in another, and the talk goes on there."""

from __future__ import annotations

from bot.core.chat import Chat
from bot.core.errors import Refused
from bot.core.message import Button
from bot.core.router import Router
from bot.core.text import Text, _
from bot.services import codes, moving, orders, person_codes, same_person, staff
from bot.services.calls import CONFIRM, DECLINE, INVITE, JOIN, PART, Invitation
from bot.services.person_codes import CARRIED, Entered
from bot.services.same_person import Other
from handlers.fallback import shrug
from handlers.orders import Show

router = Router("another_app")

CHANNELS = {
    "telegram": _("Telegram"),
    "wechat": _("WeChat"),
    "wecom": _("WeChat customer service"),
    "qq": _("QQ"),
    "weibo": _("Weibo"),
    "messenger": _("Messenger"),
    "instagram": _("Instagram"),
    "whatsapp": _("WhatsApp"),
    "x": _("X"),
    "line": _("LINE"),
    "email": _("e-mail"),
    "webchat": _("the chat on our website"),
}
WRONG = _("That code is wrong, or used, or older than ten minutes. Say /link in the other app for a new one.")
OWN = _("That code is from this very chat. Please enter it in the other app.")
SLOW = _("Too many codes were wrong. Please try again in ten minutes.")
OVER = _("It took too long, so nothing is connected. Say /link for a new code.")
FORGEABLE = _(
    "Here anybody could write in your name, so a code cannot be entered here. "
    "Say /link for a code, and enter that in the other app."
)
SHARED = _("Several people read along here, so this cannot be one person's. Please write to me in a chat of your own.")
SEPARATE = _("All right, nothing is connected, and they see nothing of yours.")
REFUSED = _("It was not confirmed in the other app, so nothing is connected.")


@router.command("link", "use another app", "绑定", "换个应用", "换个 App", title=_("Use another app"), menu=85)
async def link(chat: Chat) -> None:
    """`/link` shows a code, `/link CODE` enters one: a customer's own, or one that the desk shows to staff."""
    if not chat.arguments:
        await invite(chat)
        return
    await enter(chat, chat.arguments)


@router.scene(CARRIED, always=True)
async def came_along(chat: Chat) -> None:
    """A link from another app of theirs brought them here."""
    await enter(chat, chat.arguments.removeprefix(CARRIED))


@router.pattern(codes.TYPED)
async def code_alone(chat: Chat) -> None:
    """A code without its command; the number of an order looks the same, and so does many a word."""
    order = await chat.do(orders.find, chat.arguments)
    if order is None:
        found = await chat.do(codes.is_code, chat.arguments)
        if found == "yes":
            await enter(chat, chat.arguments)
        elif found == "slow":
            chat.say(SLOW)
        else:
            shrug(chat)
        return
    show = Button(chat.words(_("Show the order")), Show(number=order.number).pack())
    chat.say(_("That is the number of your order."), buttons=[show])


async def invite(chat: Chat) -> None:
    """The code, and buttons for the apps that a link opens."""
    if chat.inbound.shared:
        chat.say(SHARED)
        return
    made = await chat.call(INVITE, await chat.do(person_codes.begin))
    if not made.code:
        return
    places = [app for app in made.apps if app.link]
    buttons = [Button(chat.words(_("Go on in {place}", place=place(app.channel))), url=app.link) for app in places]
    chat.say(invitation(chat, made), buttons=buttons)


def invitation(chat: Chat, made: Invitation) -> Text:
    """What to do with the code."""
    if not made.apps:  # a shop with one channel: a second browser is another place, too
        return _(
            "Your code is {code}, for {minutes} minutes and only for you. Open this chat on your other device and "
            "send: /link {code}\nThen we know you there, too: your orders and your cart come along.",
            code=made.code,
            minutes=made.minutes,
        )
    names = ", ".join(dict.fromkeys(chat.words(place(app.channel)) for app in made.apps))
    return _(
        "Your code is {code}, for {minutes} minutes and only for you. Write to us in the other app and send: "
        "/link {code}\nThen we know you there, too: your orders and your cart come along, and we go on where you are. "
        "You find us here: {names}",
        code=made.code,
        minutes=made.minutes,
        names=names,
    )


async def enter(chat: Chat, typed: str) -> None:
    """Take the code; both sides hear of what comes of it."""
    if chat.inbound.shared:
        chat.say(SHARED)
        return
    entered = await chat.do(person_codes.enter, typed)
    if entered.state in ("wrong", "slow"):
        await enter_as_staff(chat, typed, otherwise=SLOW if entered.state == "slow" else WRONG)
        return
    if entered.state == "own":
        chat.say(OWN)
        return
    if entered.joined:
        chat.say(
            _(
                "You are connected with {place} already: your orders and your cart are here, too.",
                place=place(entered.channel),
            )
        )
        return
    if not (entered.known or await are_both(chat, entered)):
        await chat.do(person_codes.drop, entered.code)
        chat.say(SEPARATE)
        return
    joining = await chat.call(JOIN, entered.code)
    if joining.state == "over":
        chat.say(WRONG)
    elif joining.state == "asked":
        chat.say(_("Almost done: please go back to where you got the code, and confirm there that it is you."))


async def are_both(chat: Chat, entered: Entered) -> bool:
    """Whoever has a code may have got it from a stranger, who would read along: they say that both are them."""
    question = _(
        "This comes from {place}. Are you the one there, too? Then your orders and addresses are in both, and whoever "
        "writes there sees and changes them. If somebody else sent you this, say no.",
        place=place(entered.channel),
    )
    if entered.name:
        question = _(
            "This comes from “{name}” in {place}. Are you the one there, too? Then your orders and addresses are in "
            "both, and whoever writes there sees and changes them. If somebody else sent you this, say no.",
            name=entered.name,
            place=place(entered.channel),
        )
    return await chat.confirm(question, yes=_("Yes, both are me"), no=_("No"), expire="10m")


async def enter_as_staff(chat: Chat, typed: str, *, otherwise: Text) -> None:
    """A code from the desk makes this chat a member of staff's."""
    try:
        person = await chat.do(staff.use_link_code, typed)
    except Refused:
        chat.say(SLOW)
        return
    if person is None:
        chat.say(FORGEABLE if chat.person.capabilities.forgeable else otherwise)
        return
    chat.say(_("Hello {name}, this chat is linked to your staff account. Say /reports for reports.", name=person.name))


@router.command("unlink", "disconnect", "解除绑定")
async def unlink(chat: Chat) -> None:
    """What the customer has proved they take back; everything goes back to the app where it was made."""
    others = await chat.do(same_person.others)
    if not others:
        chat.say(_("This chat is connected with no other app."))
        return
    chosen = others[0]
    if len(others) > 1:
        chosen = await chat.choose(_("Which of them shall be apart?"), others, label=there, key=proof_of, expire="1h")
    if not await chat.confirm(_("Shall this chat and {place} be apart again?", place=there(chosen)), expire="1h"):
        chat.say(_("All right, everything stays as it is."))
        return
    await chat.call(PART, chosen.proof, chosen.asked_id, chosen.entered_id)  # and either side hears of it


@router.event("person", always=True)
async def another_address(chat: Chat) -> None:
    """Somebody entered this customer's code, or two addresses have become one person's."""
    what, _colon, code = chat.inbound.data.partition(":")
    if what == "claimed":
        await confirm(chat, int(code))
    elif what == "declined":
        chat.say(REFUSED)
    elif what == "parted":
        chat.say(
            _("This chat and {place} are apart now. Orders and cart are again where they were made.", place=other(chat))
        )
    elif chat.inbound.native["side"] == "asked":
        chat.say(
            _(
                "Connected: we know you in {place}, too, and go on with you there. "
                "You can read and write here as before; /unlink takes it back.",
                place=other(chat),
            )
        )
    else:
        await go_on(chat, int(code))


async def confirm(chat: Chat, code: int) -> None:
    """Whoever was shown the code says whether it was them."""
    name = str(chat.inbound.native["name"])
    question = _(
        "Somebody has entered your code in {place}. Is that you? Then your orders and addresses are in both, and "
        "whoever writes there sees and changes them. If it was somebody else, say no.",
        place=other(chat),
    )
    if name:
        question = _(
            "“{name}” has entered your code in {place}. Is that you? Then your orders and addresses are in both, and "
            "whoever writes there sees and changes them. If it was somebody else, say no.",
            name=name,
            place=other(chat),
        )
    yes = await chat.confirm(question, yes=_("Yes, that is me"), no=_("No, not me"), expire="10m")
    joining = await chat.call(CONFIRM if yes else DECLINE, code)
    if joining.state == "over":
        chat.say(OVER)
    elif joining.state == "declined":
        chat.say(SEPARATE)


async def go_on(chat: Chat, code: int) -> None:
    """Here the talk goes on: what it was about, and with whom."""
    left = await chat.do(moving.left_off, code)
    chat.say(
        _(
            "Good to see you here. We know you from {place}: your orders and your cart are here, too. "
            "/unlink takes it back.",
            place=other(chat),
        )
    )
    if left.owner_id is not None:
        chat.say(_("{name} goes on with you here.", name=left.owner))
        await chat.hand_over(_("went on from {place}", place=other(chat)), priority="high", to=left.owner_id)


def place(channel: str) -> Text:
    """A channel by its name."""
    return CHANNELS.get(channel, _("another app"))


def there(one: Other) -> Text:
    """An address of theirs by its channel and its name there, else by an account that is not called as the channel."""
    name = one.name or (one.account if one.account != one.channel else "")
    return _("{place} ({name})", place=place(one.channel), name=name) if name else place(one.channel)


def proof_of(one: Other) -> str:
    """What stays the same of it."""
    return str(one.proof)


def other(chat: Chat) -> Text:
    """The channel of the other address."""
    return place(str(chat.inbound.native["channel"]))
