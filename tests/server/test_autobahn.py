"""What of Autobahn's insides the gateway relies on, as they were when it was written against them.

Where a new release changes one of these, read the change against ``aiorest_gw/server/lean.py``,
``opening.py``, ``reading.py``, ``protocol.py``, ``unmasking.py`` and ``compression.py``; then note the new digest here and the
release in ``setup.cfg``.
"""

import hashlib
import inspect

from autobahn.nvx._xormasker import XorMaskerNvx
from autobahn.twisted.util import create_transport_details
from autobahn.twisted.websocket import WebSocketAdapterProtocol, WebSocketServerFactory
from autobahn.util import ObservableMixin
from autobahn.websocket.compress_deflate import PerMessageDeflate, PerMessageDeflateOfferAccept
from autobahn.websocket.protocol import WebSocketProtocol, WebSocketServerProtocol
from twisted.trial.unittest import SynchronousTestCase

RELIED_ON = {
    XorMaskerNvx: "68dcc61e37a1",
    create_transport_details: "81fc51df14bc",
    ObservableMixin.on: "4f3bb01c91c0",
    ObservableMixin.set_valid_events: "380ab9fd8a97",
    PerMessageDeflate: "b1ebd0c57857",
    PerMessageDeflateOfferAccept: "459f55dccf30",
    WebSocketAdapterProtocol._closeConnection: "3bd6e3f1a1c2",
    WebSocketAdapterProtocol._onMessage: "5fa94ea463f2",
    WebSocketAdapterProtocol._onMessageBegin: "2425243c45d3",
    WebSocketAdapterProtocol._onMessageFrameBegin: "bba875504788",
    WebSocketAdapterProtocol._onOpen: "e91db0a34135",
    WebSocketAdapterProtocol.connectionLost: "446bb6e785a7",
    WebSocketAdapterProtocol.connectionMade: "c37121cbe2f1",
    WebSocketProtocol.__init__: "1efad9f1679f",
    WebSocketProtocol._cancelAutoPingTimeoutCall: "d839b43d99ad",
    WebSocketProtocol._connectionLost: "65b7260506e9",
    WebSocketProtocol._connectionMade: "6c0abf1f532c",
    WebSocketProtocol._dataReceived: "d5721e440c7e",
    WebSocketProtocol._fail_connection: "fc12e9996e8d",
    WebSocketProtocol._max_message_size_exceeded: "df1bf5ff2c6e",
    WebSocketProtocol._send: "dfd39e4a40ba",
    WebSocketProtocol._sendAutoPing: "b827f0f48144",
    WebSocketProtocol._trigger: "2a8e0e811ea5",
    WebSocketProtocol.consumeData: "b9b89ed641dd",
    WebSocketProtocol.dropConnection: "31d18a6f48fb",
    WebSocketProtocol.onAutoPong: "1607a0e164c2",
    WebSocketProtocol.onFrameBegin: "cf3449ef70c8",
    WebSocketProtocol.onFrameData: "027076b8a462",
    WebSocketProtocol.onFrameEnd: "581d180bc2ce",
    WebSocketProtocol.onMessageBegin: "88d98743f684",
    WebSocketProtocol.onMessageEnd: "9c3b93972677",
    WebSocketProtocol.onMessageFrameBegin: "2a804ff5b063",
    WebSocketProtocol.onMessageFrameEnd: "28b5c877d9c6",
    WebSocketProtocol.onOpenHandshakeTimeout: "79a1f14c5ec9",
    WebSocketProtocol.processControlFrame: "efc450f331a1",
    WebSocketProtocol.processData: "2ff57e56433c",
    WebSocketProtocol.sendClose: "c617613b0f25",
    WebSocketProtocol.sendCloseFrame: "213c5a84a332",
    WebSocketProtocol.sendData: "21c82d3fbef0",
    WebSocketProtocol.sendFrame: "96054d4b445f",
    WebSocketProtocol.sendMessage: "7ac309776b09",
    WebSocketServerFactory.__init__: "fa5a6c179ee4",
    WebSocketServerProtocol._connectionLost: "9405eb995d88",
    WebSocketServerProtocol._connectionMade: "8c880ce2eb7f",
    WebSocketProtocol._parseExtensionsHeader: "0747c164c7b0",
    WebSocketServerProtocol.failHandshake: "f06d84d7bbe4",
    WebSocketServerProtocol.processHandshake: "51918aa2f95e",
    WebSocketServerProtocol.succeedHandshake: "1e5529330461",
}


def digest(thing):
    """Of its source without comments and blank lines."""
    lines = (line.rstrip() for line in inspect.getsource(thing).splitlines())
    code = "\n".join(line for line in lines if line and not line.lstrip().startswith("#"))
    return hashlib.sha256(code.encode()).hexdigest()[:12]


class AutobahnTests(SynchronousTestCase):
    def test_what_is_relied_on_has_not_changed(self):
        changed = {
            f"{thing.__module__}.{thing.__qualname__}": digest(thing)
            for thing, was in RELIED_ON.items()
            if digest(thing) != was
        }
        self.assertEqual({}, changed)
