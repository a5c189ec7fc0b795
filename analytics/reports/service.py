"""Service: how fast customers get a first answer, how much the bot does alone, and what was handed over and resolved.

Definitions, each equal to a direct SQL count; everything within the period only:

- A conversation counts when its customer wrote in the period, on the local day of the customer's first message there.
- The first answer is the first message of the bot or of staff that comes (by `seq`) after that message, within the
  period; its time is the difference of the two `at`. The median is over the conversations that got one (of an even
  number, the mean of the two in the middle). A person's answer is the same for messages of staff only.
- Handed over: a member of staff wrote in it. Bot alone: the bot wrote in it, and no member of staff did.
- Resolved: closed in the period (`closed_at`), and not open again since; wherever the customer last wrote.
- Notes and events are no messages here. A channel is the conversation's `account`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analytics import pieces, words
from analytics.report import Cell, Chart, Headline, Report, Result, ResultTable, Row, TableColumn, Tables, whole
from analytics.words import pick
from bot.core.period import Period
from bot.core.report import ReportInfo

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def build(tables: Tables, period: Period) -> Mapping[str, DataFrame]:
    """`talks`: is_now, account (null: all), numbers of `Service`; `days`: day, talks; `closed`: is_now, account, n."""
    from pyspark.sql import functions as f

    from analytics.spark import local_day, within

    conversations = tables("conversations")
    talks = _talks(tables, period).cache()
    named = talks.join(f.broadcast(conversations.select("id", "account")), talks.conversation_id == f.col("id"))
    numbers = named.rollup("is_now", "account").agg(
        f.count("*").alias("talks"),
        f.count("answered").alias("answered"),
        f.percentile("answered", 0.5).alias("first_answer"),
        f.percentile("answered_by_staff", 0.5).alias("first_person"),
        f.count_if(f.col("staff") > 0).alias("handed_over"),
        f.count_if((f.col("bot") > 0) & (f.col("staff") == 0)).alias("bot_alone"),
    )
    closed = conversations.where(within(conversations.closed_at, period))
    is_now = (closed.closed_at >= f.lit(period.starts_at)).alias("is_now")
    return {
        "talks": numbers.where(f.col("is_now").isNotNull()),
        "days": talks.groupBy(local_day(talks.asked_at, period).alias("day")).agg(f.count("*").alias("talks")),
        "closed": closed.groupBy("account", is_now).agg(f.count("*").alias("n")),
    }


def _talks(tables: Tables, period: Period) -> DataFrame:
    """A row a conversation and period: when asked, seconds until answered (by staff), messages of bot and of staff."""
    from pyspark.sql import Window
    from pyspark.sql import functions as f

    from analytics.spark import within

    rows = tables("messages")
    said = rows.where(within(rows.at, period) & rows.author.isin("customer", "bot", "staff"))
    said = said.withColumn("is_now", f.col("at") >= f.lit(period.starts_at))
    whole_talk = Window.partitionBy("conversation_id", "is_now")
    asked = f.struct("seq", "at")
    said = said.withColumn("asked", f.min(f.when(f.col("author") == "customer", asked)).over(whole_talk))
    after = f.col("seq") > f.col("asked.seq")
    wait = (f.unix_micros("at") - f.unix_micros("asked.at")) / f.lit(1_000_000)
    is_staff = f.col("author") == "staff"
    answers = f.when(after & (f.col("author") != "customer"), f.struct("seq", wait.alias("wait")))
    return (
        said.where(f.col("asked").isNotNull())
        .groupBy("conversation_id", "is_now", f.col("asked.at").alias("asked_at"))
        .agg(
            f.min(answers)["wait"].alias("answered"),
            f.min(f.when(is_staff, answers))["wait"].alias("answered_by_staff"),
            f.count_if(f.col("author") == "bot").alias("bot"),
            f.count_if(is_staff).alias("staff"),
        )
    )


@dataclass(frozen=True, slots=True)
class Service:
    """The numbers of one channel, or of all; medians in seconds, None where nobody was answered."""

    talks: int = 0
    answered: int = 0
    first_answer: float | None = None
    first_person: float | None = None
    handed_over: int = 0
    bot_alone: int = 0
    resolved: int = 0

    @property
    def bot_share(self) -> float:
        return self.bot_alone / self.talks if self.talks else 0.0


@dataclass(frozen=True, slots=True)
class Facts:
    """The numbers, before any language."""

    period: Period
    now: Service
    before: Service
    channels: Sequence[tuple[str, Service]]  # most conversations first
    days: Mapping[int, int]  # conversations by day, both periods

    @classmethod
    def of(cls, rows: Mapping[str, Sequence[Row]], period: Period) -> Facts:
        now, before = _services(rows, True), _services(rows, False)
        channels = [(account, service) for account, service in now.items() if account is not None]
        return cls(
            period=period,
            now=now.get(None, Service()),
            before=before.get(None, Service()),
            channels=sorted(channels, key=lambda pair: (-pair[1].talks, pair[0])),
            days={whole(row["day"]): whole(row["talks"]) for row in rows["days"]},
        )

    @property
    def bot_share_moved(self) -> float | None:
        return self.now.bot_share - self.before.bot_share if self.before.talks else None


def _services(rows: Mapping[str, Sequence[Row]], is_now: bool) -> dict[str | None, Service]:
    closed: dict[str | None, int] = {str(r["account"]): whole(r["n"]) for r in rows["closed"] if r["is_now"] == is_now}
    closed[None] = sum(closed.values())
    mine = {_name(row["account"]): row for row in rows["talks"] if row["is_now"] == is_now}
    return {account: _service(mine.get(account, {}), closed.get(account, 0)) for account in {*mine, *closed}}


def _name(account: Cell) -> str | None:
    return None if account is None else str(account)


def _service(row: Row, resolved: int) -> Service:
    def seconds(name: str) -> float | None:
        value = row.get(name)
        return None if value is None else float(value)

    return Service(
        talks=whole(row.get("talks", 0)),
        answered=whole(row.get("answered", 0)),
        first_answer=seconds("first_answer"),
        first_person=seconds("first_person"),
        handed_over=whole(row.get("handed_over", 0)),
        bot_alone=whole(row.get("bot_alone", 0)),
        resolved=resolved,
    )


def tell(rows: Mapping[str, Sequence[Row]], period: Period, language: str) -> Result:
    """The report in words and charts."""
    facts = Facts.of(rows, period)
    return Result(
        title=pick(language, "Service", "服务报告"),
        period=words.period_name(period, language),
        headline=_headline(facts, language),
        charts=[_by_day(facts, language), _waiting(facts, language), _bot_share(facts, language)],
        tables=[_channel_table(facts, language), _day_table(facts, language)],
        words=_words(facts, language),
    )


def _headline(facts: Facts, language: str) -> list[Headline]:
    now, then = facts.now, facts.before
    slower = words.change(now.first_answer or 0, then.first_answer or 0)
    return [
        Headline(
            pick(language, "First answer (median)", "首次回复（中位数）"),
            words.duration(now.first_answer, language),
            words.signed(slower, language) if now.answered else "",
            words.mood(slower, more_is_good=False),
        ),
        Headline(
            pick(language, "Bot alone", "机器人独立完成"),
            words.percent(now.bot_share, language),
            words.points(facts.bot_share_moved, language),
            words.mood(facts.bot_share_moved),
        ),
        Headline(
            pick(language, "Handed over", "转人工"),
            words.count(now.handed_over, language),
            words.signed(words.change(now.handed_over, then.handed_over), language),
        ),
    ]


def _none(language: str) -> str:
    return pick(language, "Nobody wrote in this period", "本期没有客户来信")


def _by_day(facts: Facts, language: str) -> Chart:
    growth = words.change(facts.now.talks, facts.before.talks)
    title = words.trend(_talks_label(language), growth, facts.period, language)
    title = title if facts.now.talks else _none(language)
    return pieces.days_beside(title, lambda day: facts.days.get(day, 0), facts.period, language, "count")


def _talks_label(language: str) -> str:
    return pick(language, "Conversations", "会话数")


def _waiting(facts: Facts, language: str) -> Chart:
    answered = [(account, one.first_answer) for account, one in facts.channels if one.first_answer is not None]
    median = words.duration(facts.now.first_answer, language)
    title = pick(language, f"Half of the customers wait {median} or less", f"半数客户在 {median}内得到首次回复")
    if not answered:
        title = pick(language, "Nobody got an answer", "没有客户得到回复")
    return pieces.by_channel(title, pick(language, "First answer", "首次回复"), answered, language, "seconds")


def _bot_share(facts: Facts, language: str) -> Chart:
    asked = [(account, round(one.bot_share * 100, 4)) for account, one in facts.channels if one.talks]
    share = words.percent(facts.now.bot_share, language)
    title = pick(language, f"The bot handles {share} alone", f"机器人独立完成 {share} 的会话")
    return pieces.by_channel(title, pick(language, "Bot alone", "机器人独立完成"), asked, language, "percent")


def _channel_table(facts: Facts, language: str) -> ResultTable:
    columns = [
        TableColumn(_talks_label(language), "count"),
        TableColumn(pick(language, "Answered", "已回复"), "count"),
        TableColumn(pick(language, "First answer, median (s)", "首次回复中位数（秒）"), "seconds"),
        TableColumn(pick(language, "A person's answer, median (s)", "人工回复中位数（秒）"), "seconds"),
        TableColumn(pick(language, "Handed over", "转人工"), "count"),
        TableColumn(pick(language, "Bot alone", "机器人独立完成"), "count"),
        TableColumn(pick(language, "Resolved", "已解决"), "count"),
    ]
    rows = [(account, _cells(service)) for account, service in facts.channels]
    table = pieces.channel_table(columns, rows, language)
    everything = (pick(language, "All", "合计"), *_cells(facts.now))
    return replace(table, rows=[*table.rows, everything] if rows else [])


def _cells(one: Service) -> tuple[Cell, ...]:
    return (
        one.talks, one.answered, one.first_answer, one.first_person, one.handed_over, one.bot_alone, one.resolved
    )  # fmt: skip


def _day_table(facts: Facts, language: str) -> ResultTable:
    columns = [TableColumn(_talks_label(language), "count")]
    return pieces.day_table(columns, lambda day: (facts.days.get(day, 0),), facts.period, language)


def _words(facts: Facts, language: str) -> list[str]:
    now = facts.now
    if not now.talks:
        return [_none(language) + pick(language, ".", "。")]
    people = words.counted(now.talks, language, "{} conversation", "{} conversations", "{} 个会话")
    share, resolved = words.percent(now.bot_share, language), words.count(now.resolved, language)
    over = words.count(now.handed_over, language)
    return [
        pick(language, f"{people}, the bot handled {share} alone.", f"共 {people}，其中 {share} 由机器人独立完成。"),
        _wait(now, language),
        pick(language, f"Handed over: {over}. Resolved: {resolved}.", f"转人工 {over} 个，已解决 {resolved} 个。"),
    ]


def _wait(now: Service, language: str) -> str:
    if now.first_answer is None:
        return pick(language, "Nobody got an answer.", "没有客户得到回复。")
    median = words.duration(now.first_answer, language)
    if now.first_person is None:
        return pick(language, f"The first answer took {median} (median).", f"首次回复用时中位数 {median}。")
    person = words.duration(now.first_person, language)
    return pick(
        language,
        f"The first answer took {median}, a person's {person} (median).",
        f"首次回复用时中位数 {median}，人工回复 {person}。",
    )


REPORT = Report(
    info=ReportInfo(
        name="service",
        title={"en": "Service", "zh": "服务报告"},
        description={
            "en": "How fast customers get an answer, what the bot does alone, and what was handed over and resolved.",
            "zh": "客户多快得到回复、机器人独立完成的比例，以及转人工与已解决的会话。",
        },
    ),
    reads=("messages", "conversations"),
    build=build,
    tell=tell,
)
