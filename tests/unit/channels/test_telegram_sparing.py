"""aiogram without what nobody uses: a small process, and every model is there when somebody asks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
LOOK = """
import json
from bot.channels.telegram import TelegramChannel
import aiogram.methods, aiogram.types
from pydantic import BaseModel

models = [one for module in (aiogram.types, aiogram.methods) for one in vars(module).values()
          if isinstance(one, type) and issubclass(one, BaseModel)]
built = lambda: sum(bool(model.__pydantic_complete__) for model in models)
at_start = built()
message = aiogram.types.Message.model_validate({
    "message_id": 1, "date": 1, "chat": {"id": 7, "type": "private"}, "reply_to_message":
    {"message_id": 2, "date": 1, "chat": {"id": 7, "type": "private"}, "photo":
     [{"file_id": "a", "file_unique_id": "b", "width": 1, "height": 1}]}})
method = aiogram.methods.SendPoll(chat_id=1, question="?", options=["a", "b"])
for model in models:
    model.model_rebuild()
print(json.dumps({"models": len(models), "at_start": at_start, "file": message.reply_to_message.photo[0].file_id,
                  "question": method.question, "in_the_end": built(),
                  "left": "aiogram" in BaseModel.model_rebuild.__func__.__module__}))
"""


def test_models_are_built_when_they_are_used() -> None:
    run = subprocess.run([sys.executable, "-W", "error", "-c", LOOK], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout)
    assert found["models"] > 500
    assert found["at_start"] < found["models"] / 3
    assert (found["file"], found["question"]) == ("a", "?")
    assert found["in_the_end"] == found["models"]
    assert found["left"] is False, "pydantic's own method was not put back"
