"""Every fake platform beside a real Parley, with a page on which one is the customer: `scripts/run --demo-channels`."""
