// A viewer without a window, on rfb2. It is told what to do in lines: see
// tests/e2e/foreign/script.rs.

const fs = require("node:fs");
const readline = require("node:readline");
const rfb2 = require("rfb2");

const client = rfb2.createConnection({
  port: Number(process.argv[2]),
  password: process.env.PASSWORD,
});
// Rows of blue, green, red, and one byte that means nothing.
let pixels;
let text = "";

function allocate() {
  pixels = Buffer.alloc(client.width * client.height * 4);
}

function paint({ x, y, width, height, encoding, src, data }) {
  const row = (x, y) => (y * client.width + x) * 4;
  if (encoding === rfb2.encodings.copyRect) {
    const rows = [];
    for (let line = 0; line < height; line++) {
      const start = row(src.x, src.y + line);
      rows.push(Buffer.from(pixels.subarray(start, start + width * 4)));
    }
    data = Buffer.concat(rows);
  }
  for (let line = 0; line < height; line++) {
    data.copy(pixels, row(x, y + line), line * width * 4, (line + 1) * width * 4);
  }
}

function save(path) {
  const rgb = Buffer.alloc((pixels.length / 4) * 3);
  for (let pixel = 0; pixel * 4 < pixels.length; pixel++) {
    for (let channel = 0; channel < 3; channel++) {
      rgb[pixel * 3 + channel] = pixels[pixel * 4 + 2 - channel];
    }
  }
  const header = `P6\n${client.width} ${client.height}\n255\n`;
  fs.writeFileSync(path, Buffer.concat([Buffer.from(header), rgb]));
}

function obey(word, rest) {
  switch (word) {
    case "save":
      save(rest);
      return "ok";
    case "key":
      client.keyEvent(Number(rest), 1);
      client.keyEvent(Number(rest), 0);
      return "ok";
    case "pointer": {
      const [x, y, buttons] = rest.split(" ").map(Number);
      client.pointerEvent(x, y, buttons);
      return "ok";
    }
    case "copy":
      client.updateClipboard(rest);
      return "ok";
    case "text":
      return text;
    default:
      return "no";
  }
}

client.on("connect", () => {
  allocate();
  client.autoUpdate = true;
  readline.createInterface({ input: process.stdin }).on("line", (line) => {
    const [word] = line.split(" ", 1);
    console.log(obey(word, line.slice(word.length + 1)));
  });
});
client.on("resize", allocate);
client.on("rect", paint);
client.on("clipboard", (received) => (text = received));
client.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
