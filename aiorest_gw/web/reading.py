"""Files as they are sent: read, transformed, and compressed, or with compressed ones beside them."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from hashlib import sha256
from os.path import basename

from ..pages.answers import file_tag
from ..pages.kinds import kind_of
from .folder import Folder, OpenFile
from .kept import Kept

__all__ = ["compress", "read"]

# Larger files are sent from where they are, and not compressed here.
_SMALL = 1_048_576
# Below it, compression saves no packet.
_WORTH_IT = 860
_LEVEL = 6
_SUFFIXES = {"br": ".br", "zstd": ".zst", "gzip": ".gz"}


def read(
    folder: Folder,
    file: OpenFile,
    developing: bool,
    transform: Callable[[bytes], bytes] | None,
) -> Kept | None:
    """A file with its forms.

    :param folder: that it is in.
    :param developing: as of :class:`~.files.Pages`.
    :param transform: of HTML; compressed forms beside the file then count no more.
    :returns: None where it was replaced in this moment.
    """
    kind = kind_of(basename(file.path), developing)
    kept = Kept(file, kind, file_tag(file.state.size, file.state.modified))
    transforms = transform is not None and kind.content_type.startswith("text/html")
    if not _take(kept, None, file):
        return None
    if transforms and None in kept.forms:
        assert transform is not None
        kept.forms[None] = transform(kept.forms[None])
        kept.tag = sha256(kept.forms[None]).hexdigest()[:24]
    elif kind.compressible:
        for encoding, suffix in _SUFFIXES.items():
            beside = folder.beside(file, suffix)
            if beside is not None:
                _take(kept, encoding, beside)
    kept.shrinks = kind.compressible and len(kept.forms.get(None, b"")) >= _WORTH_IT
    return kept


def _take(kept: Kept, encoding: str | None, file: OpenFile) -> bool:
    if file.state.size > _SMALL:
        kept.files[encoding] = file
        return True
    opened = file.open()
    if opened is None:
        return False
    with opened:
        kept.forms[encoding] = opened.read()
    return True


def compress(body: bytes) -> bytes:
    """In gzip's form."""
    return gzip.compress(body, _LEVEL, mtime=0)
