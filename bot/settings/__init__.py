"""What a section of config.toml is made of, for the configuration and for channels that declare their own."""
