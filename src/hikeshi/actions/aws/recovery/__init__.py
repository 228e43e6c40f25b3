"""The way back into service: release, rebuild, restore, watch. Section F of the catalogue."""
