"""Large payloads without their masks (RFC 6455 section 5.3), by Autobahn's native routine."""

from __future__ import annotations

from autobahn.websocket import USES_NVX
from autobahn.websocket.xormasker import create_xor_masker

__all__ = ["unmasked"]

if USES_NVX:
    from _nvx_xormasker import ffi, lib  # type: ignore[import-not-found]

    def unmasked(payload: memoryview, mask: bytes) -> bytes:
        """A payload without its mask.

        :param mask: four bytes.
        """
        octets = bytearray(payload)
        masker = lib.nvx_xormask_new(mask)
        # Autobahn's own wrapper copies twice more, and makes three objects for each.
        lib.nvx_xormask_process(masker, ffi.from_buffer(octets), len(octets))
        lib.nvx_xormask_free(masker)
        return bytes(octets)

else:

    def unmasked(payload: memoryview, mask: bytes) -> bytes:
        """A payload without its mask.

        :param mask: four bytes.
        """
        octets: bytes = create_xor_masker(mask, len(payload)).process(bytes(payload))
        return octets
