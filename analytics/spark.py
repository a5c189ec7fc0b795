"""Starts Spark with settings that were measured, and reads the lake's tables with it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from functools import reduce
from operator import mul
from pathlib import Path

from pyspark.errors import PySparkRuntimeError
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as f

from analytics import lake, manifest
from analytics.java import find_java_home
from analytics.settings import SparkSettings
from analytics.tables import Type, columns
from bot.core.errors import ConfigError
from bot.core.period import Period, offsets


def start(settings: SparkSettings, data: Path) -> SparkSession:
    """A session on `settings.master`; takes some seconds. `data` is a folder for what Spark keeps on disk."""
    if home := settings.java_home or find_java_home(data):
        os.environ["JAVA_HOME"] = home
    # Spark would take the first python3 of the PATH, which does not know our packages.
    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    if local := settings.master.startswith("local"):
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    builder = SparkSession.builder.appName("parley").master(settings.master)
    for name, value in {**_options(data, settings), **(_LOCAL if local else {}), **settings.options}.items():
        builder = builder.config(name, value)
    try:
        session = builder.getOrCreate()
    except PySparkRuntimeError as error:
        raise ConfigError(
            f"Spark could not start the Java of {home or 'the PATH'}; set JAVA_HOME to a Java 17 or newer, or unset it"
        ) from error
    session.sparkContext.setLogLevel("ERROR")
    return session


_LOCAL = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def _options(data: Path, settings: SparkSettings) -> dict[str, str]:
    return {
        "spark.driver.memory": settings.memory,
        # A driver lives for one report: the cheap compiler and collector start faster than they cost.
        "spark.driver.extraJavaOptions": "-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Dderby.system.home=" + str(data),
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        # A quarter of the counting went into looking at each row for a sum above 2**63; `total` looks once a group.
        "spark.sql.ansi.enabled": "false",
        "spark.sql.shuffle.partitions": "4",
        "spark.sql.adaptive.enabled": "false",
        # Pieces small enough that all cores end at about the same time.
        "spark.sql.files.minPartitionNum": "8",
        "spark.sql.sources.parallelPartitionDiscovery.threshold": "100000",
        "spark.sql.parquet.compression.codec": "snappy",
        "spark.sql.warehouse.dir": str(data / "warehouse"),
        "spark.local.dir": str(data / "tmp"),
        "spark.sql.execution.arrow.pyspark.enabled": "true",
    }


@dataclass(frozen=True, slots=True)
class LakeTables:
    """The lake as it is in `contents`, as far as a report about `period` (and the one before) needs it."""

    session: SparkSession
    folder: Path
    contents: manifest.Manifest
    period: Period

    def __call__(self, table: str) -> DataFrame:
        """A table of the lake; with rows of both periods, and maybe others."""
        since, until = self.period.previous.starts_at, self.period.ends_at
        files = lake.paths(self.folder, self.contents, table, since, until)
        # With the columns told, Spark need not start a job to look for them in a file.
        return self.session.read.schema(columns_of(table)).parquet(*files)


#: Sums of whole numbers up to here are exact.
LARGEST = 2**62

SQL_TYPES: dict[Type, str] = {
    "int": "bigint",
    "int?": "bigint",
    "flag": "bigint",
    "text": "string",
    "second": "timestamp",
    "moment": "timestamp",
}


def columns_of(table: str) -> str:
    """A table's columns as Spark's DDL."""
    return ", ".join(f"`{column.name}` {SQL_TYPES[column.type]}" for column in columns(table))


def total(*factors: Column) -> Column:
    """The sum of whole numbers (of products, with several factors). The report fails where that would pass 2**62.

    Such a sum wraps silently in Spark; a rough one beside it costs little and tells.
    """
    rough = f.sum(reduce(mul, [factor.cast("double") for factor in factors]))
    message = f.lit("the amounts add up to more than can be counted; look for an order with a wrong amount")
    return f.when(f.abs(rough) > f.lit(float(LARGEST)), f.raise_error(message)).otherwise(f.sum(reduce(mul, factors)))


def within(moment: Column, period: Period) -> Column:
    """Whether a time lies in the period or in the one before."""
    return (moment >= f.lit(period.previous.starts_at)) & (moment < f.lit(period.ends_at))


def local_day(moment: Column, period: Period) -> Column:
    """A time's day on the period's local calendar, as days since 1970-01-01; right in the period and the one before.

    The zone's clock changes are written into the expression: Spark's own zone tables may be of another year than ours.
    """
    seconds = f.unix_seconds(moment)
    (_, offset), *changes = offsets(period.previous.starts_at, period.ends_at, period.timezone)
    shifted = seconds + f.lit(offset)
    for since, offset in changes:
        shifted = f.when(seconds >= f.lit(since), seconds + f.lit(offset)).otherwise(shifted)
    return f.floor(shifted / f.lit(86_400)).cast("int")
