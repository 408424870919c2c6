"""Whom a model treats worse, and what can be done about it: audit, proxies, mitigation."""
