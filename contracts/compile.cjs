// Compile the standard-JSON input that comes on the standard input; imports are read from this folder. No options.
const fs = require("fs");
const path = require("path");
const solc = require("solc");

function read(name) {
  for (const folder of [__dirname, path.join(__dirname, "node_modules")]) {
    const file = path.join(folder, name);
    if (fs.existsSync(file)) return { contents: fs.readFileSync(file, "utf8") };
  }
  return { error: `${name} is missing` };
}

const input = fs.readFileSync(0, "utf8");
const output = JSON.parse(solc.compile(input, { import: read }));
process.stdout.write(JSON.stringify({ version: solc.version(), output }));
