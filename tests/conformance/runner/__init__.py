# SPDX-License-Identifier: MIT
"""Plays scenarios against protohostd and against asyncio, and compares what happened."""
