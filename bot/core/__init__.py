"""The pure heart of Parley: values, rules and ports. No I/O, no vendor, no database."""
