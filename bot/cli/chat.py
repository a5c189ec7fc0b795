NAME = "chat"
SUMMARY = "x"
DEFAULTS = {}


def arguments(p): ...
def run(args): ...
