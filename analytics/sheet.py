"""A result as a spreadsheet, with numbers that can be added up and dates that can be sorted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from analytics.report import Cell, Result, ResultTable, TableColumn
from bot.core.money import exponent

HEAD = PatternFill("solid", fgColor="E8EEF2")
BOLD = Font(bold=True)
Value = str | int | float | Decimal | date | None


def write_sheet(result: Result, path: Path) -> None:
    """Write an .xlsx: the words and headline on the first sheet, then a sheet a table."""
    book = Workbook()
    book.remove(book.worksheets[0])
    _overview(book.create_sheet(_sheet_name(result.title, [])), result)
    for table in result.tables:
        _table(book.create_sheet(_sheet_name(table.title, book.sheetnames)), table)
    book.save(path)


def _sheet_name(title: str, taken: Sequence[str]) -> str:
    """A name that Excel takes: at most 31 characters, none of the forbidden ones, not there yet."""
    clean = "".join(" " if letter in "[]:*?/\\" else letter for letter in title)[:28].strip() or "Sheet"
    return clean if clean not in taken else f"{clean} {len(taken)}"


def _overview(sheet: Worksheet, result: Result) -> None:
    sheet.append([_safe(f"{result.title} · {result.period}")])
    sheet["A1"].font = Font(bold=True, size=14)
    sheet.append([])
    for line in result.headline:
        sheet.append([_safe(line.label), _safe(line.value), _safe(line.change)])
        sheet.cell(sheet.max_row, 2).font = BOLD
        sheet.cell(sheet.max_row, 2).alignment = sheet.cell(sheet.max_row, 3).alignment = Alignment(horizontal="right")
    sheet.append([])
    for sentence in result.words:
        sheet.append([_safe(sentence)])
    for letter, width in zip("ABC", (26, 20, 12), strict=True):
        sheet.column_dimensions[letter].width = width


def _table(sheet: Worksheet, table: ResultTable) -> None:
    sheet.append([_safe(_heading(column)) for column in table.columns])
    for cell in sheet[1]:
        cell.font, cell.fill = BOLD, HEAD
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for row in table.rows:
        sheet.append([_value(cell, column) for cell, column in zip(row, table.columns, strict=True)])
    for number, column in enumerate(table.columns, start=1):
        _format(sheet, number, column)
    sheet.freeze_panes = "A2"
    if table.rows:
        sheet.auto_filter.ref = sheet.dimensions


def _heading(column: TableColumn) -> str:
    return f"{column.name} ({column.currency})" if column.currency else column.name


def _value(cell: Cell, column: TableColumn) -> Value:
    if cell is None:
        return None
    if column.unit == "money" and isinstance(cell, int | float):
        return Decimal(round(cell)).scaleb(-exponent(column.currency))
    if column.unit == "percent" and isinstance(cell, int | float):
        return cell / 100
    if column.unit == "date" and isinstance(cell, str):
        return date.fromisoformat(cell)
    return _safe(cell) if isinstance(cell, str) else cell


def _safe(text: str) -> str:
    """A text that a spreadsheet will not take for a formula: product names come from outside."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") and not text[1:2].isdigit() else text


def _format(sheet: Worksheet, number: int, column: TableColumn) -> None:
    formats = {
        "money": "#,##0" + (f".{'0' * exponent(column.currency)}" if exponent(column.currency) else ""),
        "count": "#,##0",
        "percent": "0.0%",
        "stars": "0.00",
        "seconds": "#,##0",
        "date": "yyyy-mm-dd",
    }
    letter = get_column_letter(number)
    for cell in sheet[letter][1:]:
        cell.number_format = formats.get(column.unit, "General")
    longest = max((_width(str(cell.value or "")) for cell in sheet[letter]), default=8)
    sheet.column_dimensions[letter].width = min(max(longest + 3, 10), 44)


def _width(text: str) -> int:
    """Columns of text; a Chinese character takes two."""
    return sum(2 if ord(letter) > 0x2E80 else 1 for letter in text)
