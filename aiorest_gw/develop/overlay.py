"""What is wrong, shown in the page itself: by a script that pages load while something is."""

from __future__ import annotations

import json

__all__ = ["ELEMENT", "PATH", "overlay"]

PATH = "/aiorest-gw-error.js"
ELEMENT = f'<script src="{PATH}" async></script>'.encode()

_SCRIPT = """\
(() => {
  const shown = document.createElement("pre");
  shown.setAttribute("role", "alert");
  shown.style.cssText = "position:fixed;inset:auto 1rem 1rem;z-index:2147483647;margin:0;padding:1rem;"
    + "max-height:60vh;overflow:auto;white-space:pre-wrap;font:13px/1.5 monospace;color:#fff;"
    + "background:#7f1d1d;border-radius:6px;box-shadow:0 4px 24px #0008";
  shown.textContent = %s;
  const show = () => document.body.append(shown);
  if (document.body) show(); else addEventListener("DOMContentLoaded", show);
})();
"""


def overlay(text: str) -> bytes:
    """The script that shows a text over the page.

    :param text: of which nothing is taken for markup. Where it is empty, nothing is shown: a page that
        was loaded while something was wrong may ask for this later.
    """
    if not text:
        return b""
    return (_SCRIPT % json.dumps(text)).encode()
