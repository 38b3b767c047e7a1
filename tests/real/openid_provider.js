// oidc-provider, certified by the OpenID Foundation, as the identity provider of a test: PKCE is required of everybody,
// and its own pages ask whoever comes for a name and a password (any will do) and for consent.
//
// Its configuration comes on standard input: {clients, claims: {NAME: {…}}}. It writes one line, {"port": …}, when it
// is up. POST /test/rotate: from now on it signs with another key, and publishes no other.
'use strict';

const http = require('node:http');
const { generateKeyPairSync } = require('node:crypto');

function signingKey(kid) {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
}

async function main() {
  const { Provider } = await import('oidc-provider');
  let text = '';
  for await (const piece of process.stdin) text += piece;
  const { clients, claims } = JSON.parse(text);
  const secret = require('node:crypto').randomBytes(32).toString('hex');
  const generations = { n: 0 };
  let provider;

  const server = http.createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/test/rotate') {
      made();
      response.writeHead(204).end();
      return;
    }
    provider.callback()(request, response);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();

  function made() {
    generations.n += 1;
    provider = new Provider(`http://127.0.0.1:${port}`, {
      clients,
      jwks: { keys: [signingKey(`key-${generations.n}`)] },
      cookies: { keys: [secret] },
      pkce: { required: () => true },
      claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'], groups: ['groups'] },
      conformIdTokenClaims: false,
      enabledJWA: { clientAuthSigningAlgValues: ['RS256', 'PS256'], idTokenSigningAlgValues: ['RS256'] },
      findAccount: (_context, id) => ({
        accountId: id,
        claims: () => ({ sub: id, ...(claims[id] ?? {}) }),
      }),
      ttl: { AuthorizationCode: 60, IdToken: 600, AccessToken: 600, Interaction: 600, Session: 600, Grant: 600 },
    });
    provider.on('server_error', (_context, error) => console.error(error));
  }

  made();
  console.log(JSON.stringify({ port }));
}

main();
