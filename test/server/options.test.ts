import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { createAvatarApi } from '../../server/create-avatar-api.js';
import { sweepAvatars } from '../../server/jobs/sweep.js';
import type { AvatarApiOptions } from '../../server/options.js';
import { integerRule, listRule, oneOfRule, readOptions, textRule } from '../../server/validate-options.js';
import { jpeg, png } from '../support/pictures.js';
import { createApi, createUserId } from './harness.js';

const JSON_HEADERS = { 'content-type': 'application/json' };

const authenticate = () => ({ id: 'ada' });

/** Creates the API with options as JavaScript code may give them. */
const create = (options: object) => () => createAvatarApi(options as AvatarApiOptions);

const NUMBERS = ['maxBytes', 'maxPixels', 'maxPending', 'maxPerDay', 'uploadSeconds', 'commitGraceSeconds'];
const FLAGS = ['requireDigest', 'requireSize', 'keepMetadata'];
const FUNCTIONS = ['canView', 'moderate', 'onCommitted', 'onRejected', 'onRemoved', 'log'];

const NOT_NUMBERS = [
  Number.NaN,
  Number.POSITIVE_INFINITY,
  -1,
  0.5,
  2 ** 60,
  '100',
  '',
  null,
  true,
  10n,
  {},
  [5],
  () => 5,
];
const NOT_FLAGS = [0, 1, 'true', 'false', '', null, Number.NaN, {}, [], () => true];
const NOT_FUNCTIONS = [null, true, 0, 'console.log', {}, [() => true], Symbol('log')];

const cases = (names: string[], values: unknown[]) => names.flatMap((name) => values.map((value) => ({ name, value })));

describe('the options of createAvatarApi()', () => {
  it.each([
    ...cases(NUMBERS, NOT_NUMBERS),
    ...cases(['maxBytes', 'maxPixels', 'maxPending', 'maxPerDay', 'uploadSeconds'], [0]),
    ...cases(['maxBytes'], [64 * 2 ** 20 + 1]),
    ...cases(['uploadSeconds', 'commitGraceSeconds'], [86_401]),
    ...cases(FLAGS, NOT_FLAGS),
    ...cases(['authenticate', ...FUNCTIONS], NOT_FUNCTIONS),
  ])('throw a TypeError that names $name if it is $value', ({ name, value }) => {
    expect(create({ authenticate, [name]: value })).toThrow(TypeError);
    expect(create({ authenticate, [name]: value })).toThrow(`createAvatarApi: the option ${name} must be `);
  });

  it.each([undefined, {}, { authenticate: undefined }])('throw a TypeError without authenticate: %j', (options) => {
    expect(create(options as object)).toThrow(new TypeError('createAvatarApi: the option authenticate is required.'));
  });

  it.each([null, 'options', 5, [authenticate], authenticate])(
    'throw a TypeError if they are no object: %s',
    (options) => {
      expect(create(options as object)).toThrow(new TypeError('createAvatarApi: the options must be an object.'));
    },
  );

  it.each(['maxByte', 'maxbytes', 'canview', 'requireDigests', '__proto__x'])(
    'throw a TypeError for the unknown option %s, and list those that exist',
    (name) => {
      expect(create({ authenticate, [name]: undefined })).toThrow(TypeError);
      expect(create({ authenticate, [name]: 1 })).toThrow(
        new RegExp(`there is no option ${name}\\..*authenticate, canView, .*maxBytes`),
      );
    },
  );

  it('throw a TypeError if a commit could follow after the lifecycle rule has deleted its object', () => {
    const limits = { uploadSeconds: 80_000, commitGraceSeconds: 6_400 };
    expect(create({ authenticate, ...limits })).not.toThrow();
    expect(create({ authenticate, ...limits, commitGraceSeconds: 6_401 })).toThrow(
      /uploadSeconds and commitGraceSeconds/,
    );
  });

  it('never quote a string, which may be a secret', () => {
    expect(create({ authenticate, log: 'hunter2' })).toThrow(/^(?!.*hunter2)/);
  });

  it('have their defaults if they are undefined', async () => {
    const names = [...NUMBERS, ...FLAGS, ...FUNCTIONS];
    const options = Object.fromEntries(names.map((name) => [name, undefined])) as Partial<AvatarApiOptions>;
    const [api, user] = [createApi(createUserId(), options), createUserId()];
    expect(
      (await api.call('POST', '/api/uploads/presign', { contentType: 'image/png', size: 5 * 2 ** 20 + 1 })).status,
    ).toBe(413);
    expect((await createApi(user, options).upload(jpeg({ gps: true }), 'image/jpeg')).status).toBe(200);
    expect((await api.call('GET', `/api/users/${user}/avatar`)).status).toBe(302);
    expect((await createApi(user, options).call('DELETE', '/api/me/avatar')).status).toBe(200);
  });

  it('are read once, when the API is made', async () => {
    const options = { authenticate, maxBytes: 100 };
    const api = createAvatarApi(options);
    options.maxBytes = Number.NaN;
    options.authenticate = () => ({ id: 'eve' });
    const init = {
      method: 'POST',
      headers: JSON_HEADERS,
      body: '{"contentType":"image/png","size":101}',
    };
    expect((await api.request('https://app.test/uploads/presign', init, env)).status).toBe(413);
  });

  it('may be an instance of a class, whose methods keep their this', async () => {
    const id = createUserId();
    class Host implements AvatarApiOptions {
      readonly isAllowed = true;
      authenticate() {
        return { id };
      }
      moderate() {
        return !this.isAllowed;
      }
    }
    const host: object = Object.defineProperty(new Host(), 'isAllowed', { enumerable: false });
    const app = new Hono<{ Bindings: Cloudflare.Env }>().route('/', createAvatarApi(host as AvatarApiOptions));
    const { key } = await createApi(id).presign();
    await env.AVATARS.put(key, png());
    const init = { method: 'POST', headers: JSON_HEADERS, body: JSON.stringify({ key }) };
    expect(await (await app.request('https://app.test/uploads/commit', init, env)).json()).toMatchObject({
      code: 'moderated',
    });
  });
});

describe('the options of sweepAvatars()', () => {
  const now = Date.now();

  it.each([...cases(['batchSize'], [...NOT_NUMBERS, 0, 1001]), ...cases(['log'], NOT_FUNCTIONS)])(
    'throw a TypeError that names $name if it is $value',
    async ({ name, value }) => {
      const sweeping = sweepAvatars(env, { [name]: value }, now);
      await expect(sweeping).rejects.toThrow(TypeError);
      await expect(sweepAvatars(env, { [name]: value }, now)).rejects.toThrow(
        `sweepAvatars: the option ${name} must be `,
      );
    },
  );

  it('throw a TypeError for an unknown option', async () => {
    await expect(sweepAvatars(env, { batchsize: 5 } as object, now)).rejects.toThrow('there is no option batchsize.');
  });

  it('have their defaults if they are undefined', async () => {
    await sweepAvatars(env, { batchSize: undefined, log: undefined } as object, now);
    await sweepAvatars(env, undefined, now);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, undefined, null, '1', new Date()])(
    'throw a TypeError if the time is %s',
    async (time) => {
      await expect(sweepAvatars(env, {}, time as number)).rejects.toThrow(TypeError);
    },
  );
});

describe('readOptions()', () => {
  const read = (options: object) =>
    readOptions('test', options as { list?: string[]; mode?: string }, {
      list: listRule(textRule),
      mode: oneOfRule('on', 'off'),
    });

  it.each([[[]], [['']], [['a', ' b']], [['a', 1]], [new Array(1)], ['a'], [null]])('refuses the list %j', (list) => {
    expect(() => read({ list })).toThrow(/^test: the option list must be an array /);
  });

  it('refuses a value that is not on the list of choices', () => {
    expect(() => read({ mode: 'ON' })).toThrow('test: the option mode must be one of on, off, not this string.');
    expect(read({ mode: 'on', list: ['a'] })).toEqual({ mode: 'on', list: ['a'] });
  });

  it('says how large a number may be', () => {
    expect([integerRule(1)(0), integerRule(1, 5)(6), integerRule(1, 5)(5)]).toEqual([
      'an integer of at least 1',
      'an integer from 1 to 5',
      null,
    ]);
  });
});
