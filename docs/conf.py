"""How the documentation is built."""

import sys
from pathlib import Path

import attrs
from docutils import nodes
from docutils.parsers.rst import Directive

from aiorest_gw import Limits
from aiorest_gw.version import VERSION

sys.path.insert(0, str(Path(__file__).parent))
from drawing import ClientStates, SessionStates

project = "aiorest_gw"
author = "the aiorest_gw maintainers"
version = release = VERSION
extensions = ["sphinx.ext.autodoc", "sphinx.ext.viewcode"]
exclude_patterns = ["_build"]
html_theme = "alabaster"
html_show_copyright = False
html_theme_options = {
    "description": "REST-style requests over one WebSocket",
    "fixed_sidebar": True,
    "page_width": "1040px",
}
autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True}
python_use_unqualified_type_names = True
nitpicky = False


class LimitsTable(Directive):
    """``.. limits::`` draws the table of limits from the code, so that the two cannot differ."""

    def run(self):
        rows = [("option", "default", "meaning")]
        for field in attrs.fields(Limits):
            meta = field.metadata
            default = f"{int(field.default):,} {meta['unit']}".replace(",", " ")
            if not field.default:
                default = "no limit"
            rows.append((field.name, default, meta["help"]))
        table, group = nodes.table(), nodes.tgroup(cols=3)
        table += group
        for width in (25, 20, 60):
            group += nodes.colspec(colwidth=width)
        head, body = nodes.thead(), nodes.tbody()
        group += [head, body]
        for index, row in enumerate(rows):
            line = nodes.row()
            for column, text in enumerate(row):
                entry = nodes.entry()
                inside = nodes.paragraph()
                inside += nodes.literal(text, text) if not column and index else nodes.Text(text)
                entry += inside
                line += entry
            (body if index else head).append(line)
        return [table]


def setup(app):
    app.add_directive("limits", LimitsTable)
    app.add_directive("session-states", SessionStates)
    app.add_directive("client-states", ClientStates)
