// A second opinion on a compact credential, from jose. Reads {"compact", "keys", "at"} from standard
// input and writes {"verified", "problems"}. `at`, if given, is the instant to judge by.
import fs from 'node:fs';
import { calculateJwkThumbprint, decodeProtectedHeader, importJWK, jwtVerify } from 'jose';

const { compact, keys, at } = JSON.parse(fs.readFileSync(0));
const problems = [];
try {
  const { jwk } = decodeProtectedHeader(compact);
  const published = await Promise.all(
    keys.filter(({ kty }) => kty === 'RSA').map((key) => calculateJwkThumbprint(key)),
  );
  // A key that travels with the credential proves nothing until its issuer publishes it.
  if (!published.includes(await calculateJwkThumbprint(jwk))) problems.push('key');
  const { payload } = await jwtVerify(compact, await importJWK(jwk, 'RS256'), {
    algorithms: ['RS256'],
    issuer: keys[0].iss ?? undefined,
    currentDate: at ? new Date(at) : undefined,
  });
  const seconds = (text) => Math.floor(Date.parse(text) / 1000);
  const expected = {
    iss: payload.issuer.id,
    jti: payload.id,
    sub: payload.credentialSubject.id,
    nbf: seconds(payload.validFrom),
    exp: payload.validUntil && seconds(payload.validUntil),
  };
  for (const [name, value] of Object.entries(expected))
    if (payload[name] !== value) problems.push(name);
} catch (error) {
  problems.push(error.code ?? String(error));
}
console.log(JSON.stringify({ verified: problems.length === 0, problems }));
