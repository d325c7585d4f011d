"""The verifier, in parts: `bot.packet.single` joins them into the one file `verify.py` that travels in every packet.

It shares no code with what writes a packet, on purpose: a mistake in one is then not repeated in the other. The parts use
the standard library and `cryptography` only, read no clock, no network and no database, and run on Python 3.9.
"""
