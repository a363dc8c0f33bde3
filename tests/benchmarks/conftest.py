"""The scripts hold no tests and import each other as scripts do."""

collect_ignore_glob = ["figure3_*.py"]
