"""Readers and writers, one module per format. Pure: bytes or text in, plain values out."""
