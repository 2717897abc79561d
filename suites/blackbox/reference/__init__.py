"""Algorithms that no Python package has, written after their standards: peers to check against.

Slow, and careless with secrets. Each is itself checked in `test_reference.py`.
"""
