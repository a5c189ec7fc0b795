"""The shapes of what the desk's API takes and answers, as docs/web-api.md tells of them."""
