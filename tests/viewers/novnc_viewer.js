// noVNC in a browser without a window. It is told what to do in lines: see
// tests/e2e/foreign/script.rs. The browser reaches the server through a bridge from WebSocket to
// TCP, which also gives it the page.

const fs = require("node:fs");
const http = require("node:http");
const net = require("node:net");
const path = require("node:path");
const readline = require("node:readline");
const { chromium } = require("playwright-core");
const { WebSocketServer, createWebSocketStream } = require("ws");

const NOVNC = path.dirname(path.dirname(require.resolve("@novnc/novnc")));
const BROWSER = "/usr/bin/chromium";
const PAGE = `<!doctype html>
<style>html, body, #screen { margin: 0; width: 100%; height: 100% }</style>
<div id="screen"></div>
<script type="module">
  import RFB from "/core/rfb.js";
  const credentials = { password: ${JSON.stringify(process.env.PASSWORD ?? "")} };
  const rfb = new RFB(document.getElementById("screen"), "ws://" + location.host, { credentials });
  rfb.resizeSession = true;
  rfb.addEventListener("connect", () => { window.rfb = rfb; rfb.focus(); });
  rfb.addEventListener("clipboard", (event) => { window.text = event.detail.text; });
</script>`;

function serve(port) {
  const server = http.createServer((request, response) => {
    if (request.url === "/") {
      response.setHeader("content-type", "text/html");
      response.end(PAGE);
      return;
    }
    response.setHeader("content-type", "text/javascript");
    fs.createReadStream(path.join(NOVNC, path.normalize(request.url)))
      .on("error", () => response.writeHead(404).end())
      .pipe(response);
  });
  new WebSocketServer({ server }).on("connection", (socket) => {
    const browser = createWebSocketStream(socket);
    const viewer = net.connect(port, "127.0.0.1");
    for (const end of [browser, viewer]) {
      end.on("error", () => process.exit(1));
    }
    browser.pipe(viewer).pipe(browser);
  });
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

// In the page: the size of an image or a canvas, and its pixels as red, green, blue and alpha.
async function read(selector) {
  let source = document.querySelector(selector);
  if (selector === "cursor") {
    const [, url] = document.querySelector("canvas").style.cursor.match(/url\("(.*?)"\)/) ?? [];
    if (!url) {
      return null;
    }
    source = new Image();
    source.src = url;
    await source.decode();
  }
  const { width, height } = source;
  const context = new OffscreenCanvas(width, height).getContext("2d");
  context.drawImage(source, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const bytes = [];
  for (let start = 0; start < data.length; start += 0x8000) {
    bytes.push(String.fromCharCode(...data.subarray(start, start + 0x8000)));
  }
  return { width, height, rgba: btoa(bytes.join("")) };
}

async function save(page, selector, file) {
  const picture = await page.evaluate(read, selector);
  if (!picture) {
    return "no";
  }
  const rgba = Buffer.from(picture.rgba, "base64");
  const rgb = rgba.filter((_, at) => at % 4 !== 3);
  const header = `P6\n${picture.width} ${picture.height}\n255\n`;
  fs.writeFileSync(file, Buffer.concat([Buffer.from(header), rgb]));
  return "ok";
}

async function obey(page, word, rest) {
  const [x, y, buttons] = rest.split(" ").map(Number);
  switch (word) {
    case "save":
      return save(page, "canvas", rest);
    case "cursor":
      return save(page, "cursor", rest);
    case "key":
      await page.keyboard.press(String.fromCharCode(x));
      return "ok";
    case "pointer":
      await page.mouse.move(x, y);
      await (buttons ? page.mouse.down() : page.mouse.up());
      return "ok";
    case "copy":
      await page.evaluate((text) => window.rfb.clipboardPasteFrom(text), rest);
      return "ok";
    case "text":
      return page.evaluate(() => window.text ?? "");
    case "resize":
      await page.setViewportSize({ width: x, height: y });
      return "ok";
    default:
      return "no";
  }
}

async function main(port) {
  const address = `http://127.0.0.1:${await serve(port)}/`;
  const browser = await chromium.launch({ executablePath: BROWSER, args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 640, height: 480 } });
  page.on("pageerror", (error) => console.error(error));
  await page.goto(address);
  await page.waitForFunction(() => window.rfb);
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [word] = line.split(" ", 1);
    console.log(await obey(page, word, line.slice(word.length + 1)));
  }
  await browser.close();
  process.exit(0);
}

main(Number(process.argv[2]));
