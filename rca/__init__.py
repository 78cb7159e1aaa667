"""Throughline: blameless postmortems, recurring causes, evidence-backed guardrails."""

__version__ = "0.1.0"
