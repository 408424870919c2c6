"""The service: models that answer over HTTP, in milliseconds, with a record of every answer."""
