// make_token.mjs KEYS ISSUER: writes a key set to the file KEYS and prints a token of the issuer, valid for an hour.
import { generateKeyPairSync, sign } from "node:crypto";
import { writeFileSync } from "node:fs";

const [keys, issuer] = process.argv.slice(2);
const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: "jwk" }), kid: "tests", alg: "RS256", use: "sig" };
writeFileSync(keys, JSON.stringify({ keys: [jwk] }));

const part = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const expires = Math.floor(Date.now() / 1000) + 3600;
const claims = { iss: issuer, sub: "tests", email: "tests@hyperfleet.local", exp: expires };
const signed = `${part({ alg: "RS256", typ: "JWT", kid: "tests" })}.${part(claims)}`;
console.log(`${signed}.${sign("sha256", Buffer.from(signed), privateKey).toString("base64url")}`);
