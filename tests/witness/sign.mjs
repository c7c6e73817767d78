// How much CPU the Digital Bazaar stack needs to sign the same document. Reads {"credential",
// "rounds"} from standard input and writes {"cpuMs"}, the mean of one signature.
import fs from 'node:fs';
import * as vc from '@digitalbazaar/vc';
import * as Ed25519Multikey from '@digitalbazaar/ed25519-multikey';
import { DataIntegrityProof } from '@digitalbazaar/data-integrity';
import { cryptosuite } from '@digitalbazaar/eddsa-rdfc-2022-cryptosuite';

const folder = new URL('../../lti_tool/badges/contexts/', import.meta.url);
const index = JSON.parse(fs.readFileSync(new URL('index.json', folder)));
const contexts = Object.fromEntries(
  Object.entries(index).map(([url, file]) => [url, JSON.parse(fs.readFileSync(new URL(file, folder)))]),
);
const documentLoader = async (url) => ({ contextUrl: null, documentUrl: url, document: contexts[url] });
const { credential, rounds } = JSON.parse(fs.readFileSync(0));
const key = await Ed25519Multikey.generate({ controller: credential.issuer.id });
const sign = () =>
  vc.issue({
    credential: structuredClone(credential),
    suite: new DataIntegrityProof({ signer: key.signer(), cryptosuite }),
    documentLoader,
  });
for (let round = 0; round < 20; round += 1) await sign();
const before = process.cpuUsage();
for (let round = 0; round < rounds; round += 1) await sign();
const { user, system } = process.cpuUsage(before);
console.log(JSON.stringify({ cpuMs: (user + system) / 1000 / rounds }));
