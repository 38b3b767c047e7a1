// A SAML identity provider made of samlp (npm). It reads one JSON object from standard input, then says where it listens.
// Whoever is sent to /login/WISH is signed in at once, if the request is signed by whom it knows; WISH is JSON in
// base64url and says how to answer. The page that comes back has the form; pressing its button is the test's.
'use strict';

const fs = require('fs');
const http = require('http');
const { URL } = require('url');
const samlp = require('samlp');

const plan = JSON.parse(fs.readFileSync(0, 'utf8'));

function options(wish) {
  const sealed = wish.cipher && {
    encryptionCert: plan.sealFor,
    encryptionPublicKey: plan.sealKey,
    encryptionAlgorithm: wish.cipher,
    disallowEncryptionWithInsecureAlgorithm: false,
  };
  return {
    issuer: plan.issuer,
    cert: plan.cert,
    key: plan.key,
    signingCert: plan.signingCert,
    signatureAlgorithm: wish.signature || 'rsa-sha256',
    digestAlgorithm: wish.digest || 'sha256',
    signAssertion: !wish.bare,
    signResponse: Boolean(wish.both || wish.bare),
    destination: wish.acs,
    recipient: wish.acs,
    getPostURL: (_audience, _dom, _request, done) => done(null, wish.acs),
    getUserFromRequest: () => ({
      id: 'ada-7',
      displayName: 'Ada Lovelace',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [{ value: 'ada@example.edu' }],
    }),
    ...sealed,
  };
}

const server = http.createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  const wish = JSON.parse(Buffer.from(url.pathname.split('/')[2], 'base64url').toString());
  request.query = Object.fromEntries(url.searchParams);
  request.originalUrl = request.url;
  response.set = (name, value) => response.setHeader(name, value);
  response.send = (body) => response.end(String(body));
  samlp.auth(options(wish))(request, response, (error) => {
    response.statusCode = 500;
    response.end(String(error && error.message));
  });
});
server.listen(0, '127.0.0.1', () => console.log(JSON.stringify({ port: server.address().port })));
