// Unpacks the package's Brotli files into the folder named on the command line.
const fs = require("node:fs");
const path = require("node:path");
const zlib = require("node:zlib");
const { pipeline } = require("node:stream/promises");

const packed = path.join(__dirname, "node_modules/@sparticuz/chromium/bin");
const names = ["chromium", "al2023.tar", "swiftshader.tar", "fonts.tar"];

const unpack = (name) =>
  pipeline(
    fs.createReadStream(path.join(packed, `${name}.br`)),
    zlib.createBrotliDecompress(),
    fs.createWriteStream(path.join(process.argv[2], name)),
  );

Promise.all(names.map(unpack)).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
