"""A viewer without a window, on asyncvnc: decodes until the server hangs up, then writes what it
sees as a PPM file."""

import asyncio
import sys

import asyncvnc


async def main(port, path):
    async with asyncvnc.connect("127.0.0.1", int(port)) as client:
        try:
            client.video.refresh()
            while True:
                if await client.read() is asyncvnc.UpdateType.VIDEO:
                    client.video.refresh()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        picture = client.video.as_rgba()[:, :, :3]
    height, width, _ = picture.shape
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height))
        file.write(picture.tobytes())


asyncio.run(main(*sys.argv[1:]))
