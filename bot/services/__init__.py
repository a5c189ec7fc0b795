"""What the shop does, as plain functions on its tables: they know no platform, no browser and no dialog."""
