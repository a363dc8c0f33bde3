"""Independent derivations of the moments that the claims rest on; nothing here uses the laws."""
