// Microsoft's own schema of Teams manifests judges the one on the standard input; what it finds goes to the output.
"use strict";

const { readFileSync } = require("node:fs");
const { dirname, join } = require("node:path");
const Ajv = require("ajv-draft-04");
const formats = require("ajv-formats");

const manifest = JSON.parse(readFileSync(0, "utf8"));
const schemas = join(dirname(require.resolve("@microsoft/app-manifest/package.json")), "build/json-schemas/teams");
const file = join(schemas, `v${manifest.manifestVersion}`, "MicrosoftTeams.schema.json");
const ajv = new Ajv({ allErrors: true, strict: false });
formats(ajv);
const judge = ajv.compile(JSON.parse(readFileSync(file, "utf8")));
const good = judge(manifest);
console.log(JSON.stringify({ good, errors: judge.errors || [] }));
