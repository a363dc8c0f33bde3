"""The ledger: claims, the checks that decide them, and their verdicts."""
