"""A viewer without a window, on asyncvnc. It is told what to do in lines: see
tests/e2e/foreign/script.rs."""

import asyncio
import os
import sys

import asyncvnc


def save(client, path):
    picture = client.video.as_rgba()[:, :, :3]
    height, width, _ = picture.shape
    with open(path, "wb") as file:
        file.write(b"P6\n%d %d\n255\n" % (width, height))
        file.write(picture.tobytes())


def obey(client, word, rest):
    if word == "save":
        save(client, rest)
    elif word == "key":
        client.keyboard.press(chr(int(rest)))
    elif word == "pointer":
        client.mouse.x, client.mouse.y, client.mouse.buttons = map(int, rest.split())
        client.mouse.move(client.mouse.x, client.mouse.y)
    elif word == "copy":
        # The library refuses what is not Latin-1.
        client.clipboard.write(rest.encode("latin-1", "replace").decode("latin-1"))
    elif word == "text":
        return client.clipboard.text
    else:
        return "no"
    return "ok"


async def listen(client):
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        word, _, rest = line.rstrip("\n").partition(" ")
        print(obey(client, word, rest), flush=True)


async def look(client):
    while True:
        if await client.read() is asyncvnc.UpdateType.VIDEO:
            client.video.refresh()


async def main(port):
    password = os.environ.get("PASSWORD")
    async with asyncvnc.connect("127.0.0.1", int(port), password=password) as client:
        client.video.refresh()
        tasks = [asyncio.create_task(task(client)) for task in (listen, look)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        # A thread that waits for a line would hold up the end.
        os._exit(0)


asyncio.run(main(*sys.argv[1:]))
