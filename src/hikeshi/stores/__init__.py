"""Where events live when there are many: one folder per timeline, sorted Parquet with its manifests."""
