"""The claims, one a file, each with the checks that decide it; run them with `zotheory verify`."""
