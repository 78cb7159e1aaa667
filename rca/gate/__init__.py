"""The gate: collects what can be known of a change, and says what the guardrails say of it.

Needs no instance, no database and no network (unless the rules come from an address). Whatever it
cannot find out is unknown, with the reason.
"""
