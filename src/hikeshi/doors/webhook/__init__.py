"""The webhooks' door: `POST /in/<source>`. Outside of Django's views, because hundreds of requests a second must pass it."""
