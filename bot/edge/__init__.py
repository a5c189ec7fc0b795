"""The wire side of webhooks and calls: plain HTTP/1.1 and no more, so that a message costs little on its way."""
