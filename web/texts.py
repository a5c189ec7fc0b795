"""Every sentence that the web side itself says, in both languages, by the stable code of what went wrong."""

from __future__ import annotations

from collections.abc import Mapping

TEXTS: Mapping[str, Mapping[str, str]] = {
    "bad_request": {"en": "This request cannot be understood.", "zh": "无法识别这个请求。"},
    "bad_time": {
        "en": "Write the time with its zone, such as 2026-11-23T10:00:00+08:00.",
        "zh": "时间须注明时区，例如 2026-11-23T10:00:00+08:00。",
    },
    "sent_before": {
        "en": "These news had arrived as they were before your changes: they are in the list. "
        "Send once more to send these, too.",
        "zh": "修改之前的群发已经提交，请先查看列表。如仍要发送修改后的内容，请再次发送。",
    },
    "bad_json": {"en": "This is not valid JSON.", "zh": "这不是有效的 JSON。"},
    "bad_text": {
        "en": "This text holds characters that cannot be stored.",
        "zh": "文字中含有无法保存的字符。",
    },
    "empty": {"en": "Write something or add a file first.", "zh": "请先输入文字或添加文件。"},
    "too_long": {"en": "This text is longer than {limit} characters.", "zh": "文字超过了 {limit} 个字符。"},
    "too_large": {"en": "This is larger than {limit}.", "zh": "大小超过了 {limit}。"},
    "too_many_files": {"en": "At most {limit} files fit into one message.", "zh": "一条消息最多 {limit} 个文件。"},
    "bad_file": {"en": "This file cannot be accepted.", "zh": "无法接收这个文件。"},
    "no_file": {"en": "This file is not there any more. Add it again.", "zh": "文件已不存在，请重新添加。"},
    "unauthorised": {"en": "Please log in again.", "zh": "请重新登录。"},
    "forbidden": {"en": "Your role does not allow this.", "zh": "你的角色没有此权限。"},
    "must_change_password": {"en": "Choose a new password first.", "zh": "请先设置新密码。"},
    "csrf": {"en": "This page is out of date. Reload it and try again.", "zh": "页面已过期，请刷新后重试。"},
    "bad_login": {"en": "User name or password is wrong.", "zh": "账号或密码不正确。"},
    "bad_password": {"en": "The old password is wrong.", "zh": "旧密码不正确。"},
    "same_password": {"en": "The new password is the old one.", "zh": "新密码与旧密码相同。"},
    "weak_password": {"en": "A password needs {minimum} characters or more.", "zh": "密码至少需要 {minimum} 个字符。"},
    "locked": {
        "en": "Too many failed logins. Try again in {retry} seconds.",
        "zh": "登录失败次数过多，请 {retry} 秒后再试。",
    },
    "login_taken": {"en": "Somebody has this login already.", "zh": "这个账号已被使用。"},
    "bad_name": {"en": "A name needs 1 to 120 characters.", "zh": "名称需要 1 到 120 个字符。"},
    "bad_role": {"en": "There is no such role.", "zh": "没有这个角色。"},
    "bad_timezone": {"en": "There is no such time zone.", "zh": "没有这个时区。"},
    "bad_cron": {"en": "These times cannot be understood.", "zh": "无法识别这个时间设置。"},
    "last_admin": {"en": "Somebody has to stay administrator.", "zh": "至少需要保留一位管理员。"},
    "no_staff": {"en": "There is no such account.", "zh": "没有这个账号。"},
    "not_found": {"en": "This is not here.", "zh": "没有找到。"},
    "method": {"en": "This cannot be done here.", "zh": "不支持这个操作。"},
    "no_payment": {"en": "This payment is not known here.", "zh": "没有找到这笔付款。"},
    "bad_address": {
        "en": "This address is not right in its country: the fields say what is wrong.",
        "zh": "地址与所在国家/地区的格式不符，请查看各项说明。",
    },
    "bad_amount": {
        "en": "Write an amount of {currency}, such as 12.50, with no more decimals than it has.",
        "zh": "请填写 {currency} 金额，例如 12.50，小数位数不要超过该货币的规定。",
    },
    "no_text": {"en": "Write something.", "zh": "请填写内容。"},
    "no_reason": {"en": "Write down why.", "zh": "请写明原因。"},
    "no_note": {"en": "Write down why the books differ.", "zh": "请写明账目不一致的原因。"},
    "no_difference": {"en": "There is no such difference.", "zh": "没有找到这条差异。"},
    "too_much": {"en": "That is more than is left of this payment.", "zh": "金额超过了这笔付款可退的余额。"},
    "not_by_hand": {
        "en": "The provider itself tells of this money: nobody needs to confirm it.",
        "zh": "这笔款项由支付平台确认，无需人工确认。",
    },
    "wrong_amount": {"en": "This amount cannot be confirmed.", "zh": "无法确认这个金额。"},
    "seen_otherwise": {
        "en": "Somebody else has confirmed money for this payment just now. Look at it again.",
        "zh": "同事刚刚确认了这笔付款的款项，请重新查看。",
    },
    "no_money_due": {
        "en": "This payment is settled: no more money is due for it.",
        "zh": "这笔付款已经结清，不再需要收款。",
    },
    "no_product": {"en": "There is no such product.", "zh": "没有这个商品。"},
    "no_place": {"en": "There is no such place.", "zh": "没有这个仓库或门店。"},
    "sku_taken": {
        "en": "Another product or variant has the SKU {sku} already.",
        "zh": "SKU {sku} 已被其他商品或规格使用。",
    },
    "sku_twice": {
        "en": "{sku} stands here twice: give each variant a SKU of its own.",
        "zh": "{sku} 重复出现：每个规格须有自己的 SKU。",
    },
    "missing": {"en": "Something that is needed is empty: {field}.", "zh": "必填项为空：{field}。"},
    "too_many": {"en": "At most {most} are possible: {field}.", "zh": "最多 {most} 个：{field}。"},
    "no_price": {"en": "{sku} has no price.", "zh": "{sku} 没有价格。"},
    "bad_price": {
        "en": "{sku}: a price is more than nothing, with the decimals that its currency has, one for each currency.",
        "zh": "{sku}：价格须大于零，小数位不能超过币种允许的位数，每个币种一个价格。",
    },
    "bad_values": {"en": "{sku} needs a value for each option.", "zh": "{sku} 的每个规格都需要填写。"},
    "same_values": {
        "en": "{sku} has the same values as another variant, in one language at least.",
        "zh": "{sku} 与另一个规格组合重复（至少在一种语言中）。",
    },
    "cart_empty": {"en": "Put something in first.", "zh": "请先添加商品。"},
    "no_address": {"en": "Write for whom it is and where it goes.", "zh": "请填写收货人和地址。"},
    "total_changed": {
        "en": "The price has changed just now. Look at the total again.",
        "zh": "价格刚刚有变动，请重新确认金额。",
    },
    "bad_quantity": {"en": "That many pieces are not possible.", "zh": "数量不正确。"},
    "stock_moved": {
        "en": "Meanwhile {pieces} pieces lie there: something was sold or counted. Look again.",
        "zh": "现在的库存是 {pieces} 件，期间有销售或盘点，请核对后再改。",
    },
    "not_installed": {
        "en": "The app was not installed in the shop: {why}.",
        "zh": "应用没有安装到网店：{why}。",
    },
    "no_store": {"en": "This shop is not connected.", "zh": "没有接入这个网店。"},
    "store_rests": {
        "en": "The shop does not answer, or refuses us. It is asked again by itself at the time that stands with it.",
        "zh": "网店没有应答或拒绝访问。系统会在所示时间自动重试。",
    },
    "no_problem": {"en": "There is no such task any more.", "zh": "这项待办已不存在。"},
    "no_conflict": {"en": "There is no such conflict any more.", "zh": "这处冲突已不存在。"},
    "no_webhook": {"en": "There is no such webhook.", "zh": "没有这个 Webhook。"},
    "too_many_webhooks": {
        "en": "There are {most} webhooks already: remove one first.",
        "zh": "已有 {most} 个 Webhook，请先删除一个。",
    },
    "bad_webhook_url": {
        "en": "This is no web address. Write it like https://example.com/parley.",
        "zh": "网址不正确，请写成 https://example.com/parley 的形式。",
    },
    "webhook_tls": {
        "en": "The address must begin with https://. Only networks that the configuration names are called without it.",
        "zh": "网址须以 https:// 开头；只有配置中列出的自有网段可以不用。",
    },
    "bad_events": {"en": "Choose at least one event.", "zh": "请至少选择一种事件。"},
    "no_order": {"en": "There is no such order.", "zh": "没有这个订单。"},
    "no_review": {"en": "There is no such review.", "zh": "没有这条评价。"},
    "no_conversation": {"en": "There is no such conversation.", "zh": "没有这个会话。"},
    "no_contact": {"en": "There is no such person.", "zh": "没有这位客户。"},
    "no_link": {"en": "These are two people already.", "zh": "他们已经是两位客户了。"},
    "no_run": {"en": "There is no such run.", "zh": "没有这次运行。"},
    "taken": {"en": "{owner} is already talking to this customer.", "zh": "{owner} 正在接待这位客户。"},
    "not_owner": {"en": "Take over this conversation first.", "zh": "请先接管这个会话。"},
    "unreachable": {
        "en": "This customer cannot be reached here any more.",
        "zh": "已无法通过该渠道联系这位客户。",
    },
    "no_channel": {
        "en": "This channel is not switched on.",
        "zh": "该渠道未启用。",
    },
    "window_closed": {
        "en": "The time to answer is over: this channel lets us write only after the customer does.",
        "zh": "已超过回复时限：该渠道仅允许在客户来信后的一段时间内回复。",
    },
    "quota_used": {
        "en": "Every message that this channel allows per answer has been sent. "
        "You can write again as soon as the customer does.",
        "zh": "该渠道允许的回复条数已用完，客户再次来信后即可继续回复。",
    },
    "unwanted": {"en": "They have not said yes to this.", "zh": "未同意接收此类消息。"},
    "staffed": {"en": "A colleague is talking to them.", "zh": "同事正在接待。"},
    "bad_kind": {"en": "There is no such kind of message.", "zh": "没有这种消息类型。"},
    "blank": {"en": "Write down how the customer said so.", "zh": "请写明客户是如何表示的。"},
    "wrong_state": {
        "en": "The order has moved on in the meantime. Look at it again.",
        "zh": "订单状态已变化，请刷新后再看。",
    },
    "bad_link": {"en": "A link begins with https://", "zh": "链接应以 https:// 开头。"},
    "no_pieces": {"en": "Choose at least one piece.", "zh": "请至少选择一件商品。"},
    "too_many_pieces": {
        "en": "Of {name} only {left} are left: a colleague may have sent or cancelled the others.",
        "zh": "“{name}”只剩 {left} 件，其余可能已被同事发出或取消。",
    },
    "all_of_it": {
        "en": "That is all of the order: cancel or refund the order itself.",
        "zh": "这是订单的全部商品，请直接取消订单或退款。",
    },
    "nothing_paid": {"en": "There is no money left to give back.", "zh": "没有可退的款项。"},
    "bad_confirmation": {"en": "Type the name exactly as it is shown.", "zh": "请准确输入所显示的姓名。"},
    "refused": {"en": "This is not possible.", "zh": "无法完成这个操作。"},
    "overtaken": {
        "en": "A colleague has changed this in the meantime. Look at it again.",
        "zh": "同事刚刚修改过，请刷新后再看。",
    },
    "no_api_key": {
        "en": "Send a key of this shop's API, one that is not revoked: Authorization: Bearer parley_…",
        "zh": "请提供本店有效的 API 密钥：Authorization: Bearer parley_…",
    },
    "no_scope": {"en": "This key is not made for {scope}.", "zh": "此密钥没有 {scope} 权限。"},
    "no_idempotency_key": {
        "en": "Send an Idempotency-Key: up to 200 visible ASCII characters, a new one for each order.",
        "zh": "请提供 Idempotency-Key：最多 200 个可见 ASCII 字符，每个订单使用新的值。",
    },
    "bad_body": {"en": "This cannot be taken as it is: {why}.", "zh": "内容不符合要求：{why}。"},
    "no_variant": {"en": "Nothing with the SKU {sku} is for sale.", "zh": "没有在售的 SKU {sku}。"},
    "sold_out": {"en": "Of {name} there are {available} left.", "zh": "{name} 仅剩 {available} 件。"},
    "no_country": {
        "en": "Say as country where it goes: this shop sells to {known}.",
        "zh": "请在 country 中写明送达的国家或地区：本店可送 {known}。",
    },
    "no_method": {
        "en": "Say as shipping how it is sent: {known}.",
        "zh": "请在 shipping 中写明配送方式：{known}。",
    },
    "choose_country": {
        "en": "Choose the country that it goes to: this shop sells to {known}.",
        "zh": "请选择送达的国家或地区：本店可送 {known}。",
    },
    "choose_method": {
        "en": "Choose how it is sent: the way that was chosen is not there any more.",
        "zh": "请重新选择配送方式：原来选择的方式已不可用。",
    },
    "ordered_before": {
        "en": "This was sent as order {number}, as it was before your changes. Change that order instead.",
        "zh": "修改之前的内容已作为订单 {number} 发送，请打开该订单再作修改。",
    },
    "no_shipping": {"en": "Nothing can be shipped there.", "zh": "无法配送到该地区。"},
    "no_code": {"en": "There is no such discount code now.", "zh": "目前没有这个优惠码。"},
    "code_used": {"en": "This discount code has been used up.", "zh": "这个优惠码已用完。"},
    "code_personal": {
        "en": "This discount code is counted for each person: it can be used in the shop's chats only.",
        "zh": "这个优惠码按顾客计次，只能在本店的聊天中使用。",
    },
    "code_currency": {"en": "This discount code is not for this currency.", "zh": "这个优惠码不适用于此货币。"},
    "code_minimum": {
        "en": "This discount code is for orders from {minimum}.",
        "zh": "这个优惠码需满 {minimum} 才能使用。",
    },
    "below_minimum": {"en": "This shop takes orders from {minimum}.", "zh": "本店满 {minimum} 起订。"},
    "other_body": {
        "en": "This Idempotency-Key was used for another order. Take a new one.",
        "zh": "此 Idempotency-Key 已用于另一个订单，请使用新的值。",
    },
    "forgotten": {"en": "Whoever ordered this was forgotten.", "zh": "该订单的顾客资料已被删除。"},
    "no_key": {"en": "There is no such key.", "zh": "没有这个密钥。"},
    "bad_scope": {"en": "A key is good for one or more of: {known}.", "zh": "密钥权限须为以下一项或多项：{known}。"},
    "rate_limited": {"en": "That was quick. Wait a moment.", "zh": "发送太快了，请稍等片刻。"},
    "slow": {"en": "The connection was too slow. Please try again.", "zh": "网络连接太慢，请重试。"},
    "busy": {"en": "We are very busy. Try again in a moment.", "zh": "系统繁忙，请稍后再试。"},
    "internal": {
        "en": "Something went wrong on our side (number {id}). Please try again.",
        "zh": "系统出现问题（编号 {id}），请重试。",
    },
}


def say(code: str, locale: str, facts: Mapping[str, object] | None = None) -> str:
    """The sentence of `code`; a code without one says that it is not possible."""
    text = TEXTS.get(code, TEXTS["refused"])["zh" if locale.lower().startswith("zh") else "en"]
    try:
        return text.format_map(dict(facts or {}))
    except KeyError:
        return TEXTS["refused"]["zh" if locale.lower().startswith("zh") else "en"]


def bytes_text(count: int) -> str:
    """`20 MB`, `100 kB`: a limit as people read it."""
    if count >= 1024 * 1024:
        return f"{count / 1024 / 1024:g} MB"
    return f"{count / 1024:g} kB" if count >= 1024 else f"{count} B"


def choose_language(accept: str, known: tuple[str, ...]) -> str:
    """The best of `known` for an Accept-Language header; the first one when none fits."""
    wanted: list[tuple[float, int, str]] = []
    for position, part in enumerate(accept[:500].split(",")):
        tag, _, quality = part.strip().partition(";q=")
        try:
            weight = float(quality) if quality else 1.0
        except ValueError:
            continue
        wanted.append((-weight, position, tag.strip().lower()))
    for weight, _, tag in sorted(wanted):
        found = next((language for language in known if tag.split("-")[0] == language), None)
        if found and weight < 0:
            return found
    return known[0]
