// Judges every Sigstore bundle of a folder with sigstore-js and prints one JSON value: versions, accepted, refused.
// Usage: node verify.mjs FOLDER TIMESTAMPS
// FOLDER holds bundles/*.json, trusted_root.json and keys.json ({hint: base64 of SPKI DER}); TIMESTAMPS is how many a
// bundle must carry. A log entry is always wanted: with a threshold of 0 sigstore-js accepts a bundle without one.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { bundleFromJSON } from '@sigstore/bundle';
import { TrustedRoot } from '@sigstore/protobuf-specs';
import { Verifier, toSignedEntity, toTrustMaterial } from '@sigstore/verify';

const [folder, timestamps] = process.argv.slice(2);
const read = (...path) => JSON.parse(readFileSync(join(folder, ...path), 'utf8'));
const own = new URL('node_modules/', import.meta.url);
const version = (name) => JSON.parse(readFileSync(new URL(`${name}/package.json`, own), 'utf8')).version;

const keys = {};
for (const [hint, der] of Object.entries(read('keys.json'))) keys[hint] = { rawBytes: Buffer.from(der, 'base64') };
const trust = toTrustMaterial(TrustedRoot.fromJSON(read('trusted_root.json')), keys);
const verifier = new Verifier(trust, { tlogThreshold: 1, timestampThreshold: Number(timestamps), ctlogThreshold: 0 });

const accepted = [];
const refused = {};
for (const name of readdirSync(join(folder, 'bundles')).sort()) {
  try {
    verifier.verify(toSignedEntity(bundleFromJSON(read('bundles', name))));
    accepted.push(name);
  } catch (error) {
    refused[name] = `${error.code ?? error.name}: ${error.message}`;
  }
}
const versions = Object.fromEntries(
  ['@sigstore/verify', '@sigstore/bundle', '@sigstore/protobuf-specs'].map((name) => [name, version(name)]),
);
console.log(JSON.stringify({ versions: { node: process.version, ...versions }, accepted, refused }));
