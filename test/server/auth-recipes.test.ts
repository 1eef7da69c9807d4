import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { getAuthenticator, type WorkerEnv } from '../../server/auth/configured-auth.js';
import { type Claims, createSigningKey, now, TestIssuer } from './test-issuer.js';

afterEach(() => vi.restoreAllMocks());

const PAGE = '../../docs/authentication.md';
const { [PAGE]: page = '' } = import.meta.glob<string>('../../docs/authentication.md', {
  query: '?raw',
  import: 'default',
  eager: true,
});

/** The settings of each recipe on the page, by title; those of a second one for the same issuer with a number. */
const recipes = new Map(
  (page.split('\n## Recipes\n')[1]?.split('\n## ')[0] ?? '').split('\n### ').flatMap((section) => {
    const [title = ''] = section.split('\n');
    const blocks = [...section.matchAll(/```jsonc\n(.*?)```/gs)];
    return blocks.map(
      ([, block], index) => [index ? `${title} ${index + 1}` : title, JSON.parse(`{${block}}`)] as const,
    );
  }),
);

interface Token {
  header?: { typ?: string };
  claims: Claims;
}

/** Tokens as the issuer's documentation shows them, without `iss` and times. */
interface Case {
  title: string;
  accepted: (Token & { id: string })[];
  /** Neighbors: for another audience, or of another kind. */
  refused: Token[];
  alg?: string;
}

const JWT = { typ: 'JWT' };
const logout = { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } };

const AUTH0 = { sub: 'auth0|123456', scope: 'openid profile', azp: 'my_client_id' };
const AUTH0_AUDIENCES = ['https://avatars.example.com', 'https://example.eu.auth0.com/userinfo'];
const CLERK = {
  azp: 'https://www.example.com',
  sub: 'user_123',
  sid: 'sess_123',
  jti: '1234567890',
  v: 2,
  fva: [7, -1],
};
const ACCESS_AUD = '32eafc7626e974616deaf0dc3ce63d7bcbed58a2731e84d06bc3cdf1b53c4228';
const ACCESS = { aud: [ACCESS_AUD], type: 'app', sub: '7335d417-61da-459d-899c-0a01c76a2f94', country: 'US' };
const COGNITO = {
  sub: 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee',
  token_use: 'access',
  scope: 'aws.cognito.signin.user.admin',
  client_id: '57cbishk4j24pabc1234567890',
  username: 'janedoe@example.com',
};
const ENTRA = { sub: 'HKZpfaHyWadeOouYlitjrI', oid: '690222be-ff1a-4d56-abd1-7e4f7d38e474', scp: 'access_as_user' };
const ENTRA_API = '6e74172b-be56-4843-9ff4-e66a39bb12e3';
const FIREBASE = { aud: 'example-project', sub: 'uid-1', user_id: 'uid-1', firebase: { sign_in_provider: 'password' } };
const KEYCLOAK = { aud: ['avatars', 'account'], azp: 'web', sub: 'f:1', typ: 'Bearer', sid: 's' };
const SUPABASE = {
  aud: 'authenticated',
  role: 'authenticated',
  aal: 'aal1',
  session_id: '123e4567-e89b-12d3-a456-426614174000',
  sub: '123e4567-e89b-12d3-a456-426614174000',
  is_anonymous: false,
};
const WORKOS = {
  aud: 'avatars',
  sub: 'user_01HBEQKA6K4QJAS93VPE39W1JT',
  sid: 'session_01HQ',
  role: 'member',
  jti: '01HQ',
};

const cases: Case[] = [
  {
    title: 'Auth0',
    accepted: [
      { header: JWT, claims: { ...AUTH0, aud: AUTH0_AUDIENCES }, id: 'auth0|123456' },
      {
        header: { typ: 'at+jwt' },
        claims: { sub: 'auth0|123456', aud: AUTH0_AUDIENCES, jti: '73W' },
        id: 'auth0|123456',
      },
    ],
    refused: [
      { header: JWT, claims: { ...AUTH0, aud: ['https://other.example.com', AUTH0_AUDIENCES[1] ?? ''] } },
      { header: JWT, claims: { sub: 'auth0|123456', aud: 'my_client_id', nonce: 'n' } },
      { header: { typ: 'logout+jwt' }, claims: { sub: 'auth0|123456', aud: AUTH0_AUDIENCES, ...logout } },
      { header: { typ: 'at+jwt' }, claims: { ...AUTH0, aud: AUTH0_AUDIENCES, cnf: { 'x5t#S256': 'A4DtL2JmUMhA' } } },
    ],
  },
  {
    title: 'Clerk',
    accepted: [{ header: JWT, claims: { ...CLERK, aud: undefined }, id: 'user_123' }],
    refused: [
      { header: JWT, claims: { ...CLERK, aud: undefined, azp: 'https://evil.example' } },
      { header: JWT, claims: { ...CLERK, aud: undefined, azp: undefined } },
      { header: JWT, claims: { ...CLERK, aud: 'another-service' } },
    ],
  },
  {
    title: 'Cloudflare Access',
    accepted: [{ header: JWT, claims: ACCESS, id: ACCESS.sub }],
    refused: [
      { header: JWT, claims: { ...ACCESS, aud: ['another-application'] } },
      { header: JWT, claims: { ...ACCESS, common_name: 'e367826f93b8d71185e03fe518aff3b4.access', sub: '' } },
    ],
  },
  {
    title: 'Cognito',
    accepted: [{ claims: { ...COGNITO, aud: undefined }, id: COGNITO.sub }],
    refused: [
      { claims: { ...COGNITO, aud: undefined, client_id: 'another-client' } },
      { claims: { sub: COGNITO.sub, aud: COGNITO.client_id, token_use: 'id' } },
    ],
  },
  {
    title: 'Entra ID',
    accepted: [{ header: JWT, claims: { ...ENTRA, aud: ENTRA_API, azp: ENTRA_API, ver: '2.0' }, id: ENTRA.sub }],
    refused: [
      { header: JWT, claims: { ...ENTRA, aud: '00000003-0000-0000-c000-000000000000', azp: ENTRA_API, ver: '2.0' } },
      { header: { typ: 'pop' }, claims: { ...ENTRA, aud: ENTRA_API, cnf: { kid: 'k' } } },
    ],
  },
  {
    title: 'Entra ID 2',
    accepted: [
      { header: JWT, claims: { ...ENTRA, aud: `api://${ENTRA_API}`, appid: 'web', ver: '1.0' }, id: ENTRA.sub },
      { header: JWT, claims: { ...ENTRA, aud: ENTRA_API, appid: 'web', ver: '1.0' }, id: ENTRA.sub },
    ],
    refused: [{ header: JWT, claims: { ...ENTRA, aud: 'https://graph.microsoft.com', appid: ENTRA_API, ver: '1.0' } }],
  },
  {
    title: 'Firebase',
    accepted: [{ header: JWT, claims: FIREBASE, id: 'uid-1' }],
    refused: [
      { header: JWT, claims: { ...FIREBASE, aud: 'another-project' } },
      // A session cookie.
      { header: JWT, claims: { ...FIREBASE, iss: 'https://session.firebase.google.com/example-project' } },
    ],
  },
  {
    title: 'Keycloak',
    accepted: [{ header: JWT, claims: KEYCLOAK, id: 'f:1' }],
    refused: [
      { header: JWT, claims: { ...KEYCLOAK, aud: 'account' } },
      { header: JWT, claims: { ...KEYCLOAK, typ: 'ID', aud: 'web' } },
      { header: JWT, claims: { ...KEYCLOAK, typ: 'Refresh' } },
      { header: JWT, claims: { ...KEYCLOAK, typ: 'Logout', ...logout } },
      { header: JWT, claims: { ...KEYCLOAK, typ: 'DPoP', cnf: { jkt: 'k' } } },
    ],
  },
  {
    title: 'Supabase',
    alg: 'ES256',
    accepted: [{ header: JWT, claims: SUPABASE, id: SUPABASE.sub }],
    refused: [
      { header: JWT, claims: { ...SUPABASE, aud: 'anon', role: 'anon' } },
      { header: JWT, claims: { iss: 'supabase', role: 'service_role', ref: 'abcdefghijklmnopqrst' } },
    ],
  },
  {
    title: 'WorkOS',
    accepted: [{ header: JWT, claims: WORKOS, id: WORKOS.sub }],
    refused: [
      { header: JWT, claims: { ...WORKOS, aud: undefined } },
      { header: JWT, claims: { ...WORKOS, aud: 'another-api' } },
      { header: JWT, claims: { ...WORKOS, iss: 'https://api.workos.com/user_management/client_of_another' } },
    ],
  },
];

/** Starts the issuer of a recipe. Returns a function for the user whom a token identifies, or null. */
async function followRecipe(settings: Partial<WorkerEnv>, alg = 'RS256'): Promise<(token: Token) => Promise<unknown>> {
  const issuer = await TestIssuer.start(settings.OIDC_ISSUER);
  const key = await createSigningKey('one', alg);
  const publishKey = () => Response.json({ keys: [key.publicJwk] });
  issuer.responses[settings.OIDC_JWKS_URL ?? issuer.jwksUrl] = publishKey;
  const authenticate = getAuthenticator({ ...env, ...settings });
  const app = new Hono().get('/', async (c) => c.json(await authenticate(c)));
  return async ({ header, claims }) => {
    const token = await issuer.sign({ iat: now(), ...claims }, { alg, ...header }, key.privateKey);
    return (await app.request('/', { headers: { [settings.OIDC_HEADER ?? 'authorization']: token } })).json();
  };
}

describe('a recipe in docs/authentication.md', () => {
  it('exists for each issuer, and is tested', () => {
    expect([...recipes.keys()].sort()).toEqual(cases.map(({ title }) => title).sort());
  });

  it.each(cases)('for $title accepts its tokens, and no others', async ({ title, accepted, refused, alg }) => {
    const identify = await followRecipe(recipes.get(title) ?? {}, alg);
    for (const { id, ...token } of accepted) expect(await identify(token), JSON.stringify(token)).toEqual({ id });
    for (const token of refused) expect(await identify(token), JSON.stringify(token)).toBeNull();
  });
});
