"""To load the configuration costs no HTTP client and no cryptography, whichever payment providers there are."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.gates.finding import ROOT

HEAVY = {"aiohttp", "yarl", "cryptography", "aiogram", "tortoise"}
WRITTEN = """\
[payments.stripe]
secret_key = "sk_test_1"
webhook_secret = "whsec_1"
[payments.alipay]
app_id = "2021"
private_key = "k"
alipay_public_key = "k"
[payments.paypal]
client_id = "A"
client_secret = "s"
webhook_id = "1JE"
"""
#: As every command of the command line begins, `check` too.
BEGIN = f"""\
import sys
from argparse import Namespace
from pathlib import Path
from bot.cli.session import configured
assert configured(Namespace(config=Path(sys.argv[1]), debug=False)).payments.stripe.is_on
print(sorted({HEAVY!r} & sys.modules.keys()))
"""


def test_loading_the_configuration_imports_nothing_that_only_calls(tmp_path: Path) -> None:
    written = tmp_path / "config.toml"
    written.write_text(WRITTEN, "utf-8")
    env = {name: value for name, value in os.environ.items() if not name.startswith("PARLEY_")}
    done = subprocess.run(
        [sys.executable, "-c", BEGIN, str(written)], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, "[]"), f"import it where it is used: {done.stderr}"
