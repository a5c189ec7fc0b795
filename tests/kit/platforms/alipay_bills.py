"""Alipay's bill of a day: a ZIP of tables in GBK."""

from __future__ import annotations

import io
import zipfile
from datetime import date

HEADINGS = (
    "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,"
    "订单金额（元）,商家实收（元）,退款批次号/请求号,服务费（元）,备注"
)


class _Gbk(zipfile.ZipInfo):
    """Names in GBK, and no word of it, as Alipay's are."""

    def _encodeFilenameFlags(self) -> tuple[bytes, int]:  # noqa: N802 - zipfile's own name
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def zipped(day: date, lines: list[str]) -> bytes:
    """The bill of a day, with these lines between its head and its foot, and its summary."""
    rule = "#-----------------------------------------业务明细列表{}------------------------------------"
    head = ["#支付宝业务明细查询", "#账号：[20881021196858380156]", f"#起始日期：[{day:%Y年%m月%d日} 00:00:00]"]
    table = [*head, rule.format(""), HEADINGS, *lines, rule.format("结束"), f"#交易合计：{len(lines)}笔"]
    summary = ["#支付宝业务汇总查询", "门店编号,门店名称,交易订单总笔数", "合计,,1"]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, rows in (("业务明细(汇总).csv", summary), ("业务明细.csv", table)):
            file.writestr(_Gbk(f"20881021196858380156_{day:%Y%m%d}_{name}"), "\r\n".join(rows).encode("gbk"))
    return out.getvalue()
