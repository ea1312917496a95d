"""A viewer without a window, on vncdotool. It is told what to do in lines: see
tests/e2e/foreign/script.rs."""

import os
import sys

from twisted.internet import reactor, stdio
from twisted.protocols.basic import LineReceiver
from vncdotool.client import VNCDoToolClient, VNCDoToolFactory


class Viewer(VNCDoToolClient):
    text = ""
    commands = None

    def commitUpdate(self, rectangles=None):
        super().commitUpdate(rectangles)
        self.framebufferUpdateRequest(incremental=True)
        # There is nothing to save before.
        self.commands = self.commands or stdio.StandardIO(Commands(self))

    def copy_text(self, text):
        self.text = text


class Commands(LineReceiver):
    delimiter = b"\n"

    def __init__(self, viewer):
        self.viewer = viewer

    def lineReceived(self, line):
        word, _, rest = line.decode().partition(" ")
        self.sendLine(self.obey(word, rest).encode())

    def obey(self, word, rest):
        viewer = self.viewer
        if word == "save":
            viewer.screen.convert("RGB").save(rest)
        elif word == "key":
            viewer.keyPress(chr(int(rest)))
        elif word == "pointer":
            x, y, viewer.buttons = map(int, rest.split())
            viewer.mouseMove(x, y)
        elif word == "copy":
            # The library refuses what is not Latin-1.
            viewer.paste(rest.encode("latin-1", "replace").decode("latin-1"))
        elif word == "text":
            return viewer.text
        else:
            return "no"
        return "ok"


factory = VNCDoToolFactory()
factory.protocol = Viewer
factory.password = os.environ.get("PASSWORD")
factory.deferred.addCallback(lambda viewer: viewer.framebufferUpdateRequest())
factory.deferred.addErrback(lambda failure: (print(failure, file=sys.stderr), reactor.stop()))
reactor.connectTCP("127.0.0.1", int(sys.argv[1]), factory)
reactor.run()
