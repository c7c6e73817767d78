// A second opinion on a credential, from two stacks that share no code with ours: Digital Bazaar's
// and the Digital Credentials Consortium's. Reads from standard input
//   {"credential": {…}, "documents": {address or did: document}}
// and writes
//   {"digitalBazaar": {"verified", "revoked", "errors"}, "dcc": {"log", "schema", "errors"}, "missing"}
// Nothing is fetched: an address that is neither in `documents` nor among the contexts is missing.
import fs from 'node:fs';

const contextsFolder = new URL('../../lti_tool/badges/contexts/', import.meta.url);
const contexts = Object.fromEntries(
  Object.entries(JSON.parse(fs.readFileSync(new URL('index.json', contextsFolder)))).map(
    ([url, file]) => [url, JSON.parse(fs.readFileSync(new URL(file, contextsFolder)))],
  ),
);
const { credential, documents } = JSON.parse(fs.readFileSync(0));
const missing = [];

function find(url) {
  const found = documents[url] ?? contexts[url] ?? keyIn(url) ?? documents[didOf(url)];
  if (!found) missing.push(url);
  return found;
}

// did:web:host%3A8443:i:name#key names an entry of the did's document.
function keyIn(url) {
  const method = documents[url.split('#')[0]]?.verificationMethod?.find(({ id }) => id === url);
  return method && { '@context': 'https://w3id.org/security/multikey/v1', ...method };
}

// https://host:8443/i/name/did.json is where a did:web's document is.
function didOf(url) {
  if (!url.endsWith('/did.json')) return undefined;
  const { host, pathname } = new URL(url);
  const path = pathname.replace(/\/did\.json$/, '').replace(/^\/\.well-known$/, '');
  return ['did:web', host.replace(':', '%3A'), ...path.split('/').slice(1)].join(':');
}

// Before the import: the library takes hold of fetch when it is loaded.
globalThis.fetch = async (input) => {
  const found = find(typeof input === 'string' ? input : input.url ?? String(input));
  return new Response(JSON.stringify(found ?? {}), {
    status: found ? 200 : 404,
    headers: { 'content-type': 'application/json' },
  });
};

const vc = await import('@digitalbazaar/vc');
const { DataIntegrityProof } = await import('@digitalbazaar/data-integrity');
const { cryptosuite } = await import('@digitalbazaar/eddsa-rdfc-2022-cryptosuite');
const { checkStatus } = await import('@digitalbazaar/vc-bitstring-status-list');
const { verifyCredential } = await import('@digitalcredentials/verifier-core');

async function documentLoader(url) {
  const document = find(url);
  if (!document) throw new Error(`not at hand: ${url}`);
  return { contextUrl: null, documentUrl: url, document };
}

async function askDigitalBazaar(credential) {
  const suite = new DataIntegrityProof({ cryptosuite });
  const result = await vc.verifyCredential({
    credential,
    suite,
    documentLoader,
    checkStatus: (options) =>
      checkStatus({ ...options, suite, documentLoader, verifyBitstringStatusListCredential: true }),
  });
  return {
    // The library says "verified" of a revoked credential: the bit has to be read as well.
    verified: result.verified,
    revoked: (result.statusResult?.results ?? []).some(({ status }) => status === true),
    errors: result.error ? (result.error.errors ?? [result.error]).map(String) : [],
  };
}

async function askDcc(credential) {
  const result = await verifyCredential({ credential, knownDIDRegistries: [] });
  // Of what it has no schema for it says "NO_SCHEMA" in their place.
  const told = result.additionalInformation ?? [];
  const schemas = told.flatMap(({ results }) => (Array.isArray(results) ? results : []));
  return {
    log: Object.fromEntries((result.log ?? []).map(({ id, valid }) => [id, valid ?? null])),
    schema: schemas.length ? schemas.every(({ result: { valid } }) => valid) : null,
    errors: (result.errors ?? []).map(({ name, message }) => `${name}: ${message}`),
  };
}

const digitalBazaar = await askDigitalBazaar(structuredClone(credential));
const dcc = await askDcc(structuredClone(credential));
console.log(JSON.stringify({ digitalBazaar, dcc, missing }));
