import * as v from 'valibot';
import { type AvatarEnv, readConfig, requireSetting, resolveS3 } from '../config.js';
import type { ApiContext } from '../context.js';
import { checkSchema } from '../db/schema.js';
import { ApiError, type Dependency, DependencyError } from '../errors.js';
import { markHealthCheck } from '../health-checks.js';
import { MARK_KEY } from '../installation-problem.js';
import type { AvatarApiOptions } from '../options.js';
import { literalTrue, nameSchema } from '../schemas.js';
import type { AvatarBucket } from '../storage/bucket.js';
import type { Operation } from './operation.js';

/** Path of the health check, below the path where the API is mounted. */
export const HEALTH_PATH = '/health';

/** Minimum time between two checks of the database and the bucket in one isolate, in milliseconds. */
const INTERVAL_MS = 5000;

/** How long a dependency may take to respond, in milliseconds. */
const TIMEOUT_MS = 4000;

/** Interval at which a request looks for the result of a check that another one has started, in milliseconds. */
const POLL_MS = 50;

const healthResponse = nameSchema('HealthResponse', v.object({ ok: literalTrue }));

export const healthOperation: Operation = {
  operationId: 'checkHealth',
  summary: 'Check whether the API can work',
  description:
    'Needs no session. A 503 names what is not available: `settings`, `database`, `storage` or `sign-in`. The log has the reasons.',
  isPublic: true,
  success: { status: 200, description: 'Everything is available', body: healthResponse },
  errorCodes: [],
};

/** `GET /health`: responds with 503 if anything that the API depends on is not available. */
export async function handleHealth(c: ApiContext, authenticate: AvatarApiOptions['authenticate']): Promise<Response> {
  const problems = [
    ...findSettingProblems(c),
    ...(await findSignInProblems(c, authenticate)),
    ...(await findStoreProblems(c.env)),
  ];
  if (problems.length === 0) return c.json({ ok: true });
  const names = new Set(problems.map(({ dependency }) => dependency));
  const causes = problems.map(({ cause }) => cause);
  const cause = causes.length === 1 ? causes[0] : new AggregateError(causes, causes.map(getMessage).join(' '));
  throw new DependencyError([...names], `Not available: ${[...names].join(', ')}.`, cause);
}

interface Problem {
  dependency: Dependency;
  cause: unknown;
}

const getMessage = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Every setting that is missing or invalid. */
function findSettingProblems(c: ApiContext): Problem[] {
  const config = readConfig(c.env);
  const checks = [
    () => requireSetting(config.storage),
    () => resolveS3(config, c.req.url),
    () => requireSetting(config.trustedOrigins),
  ];
  return checks.flatMap((check) => {
    try {
      check();
      return [];
    } catch (cause) {
      return [{ dependency: 'settings', cause }];
    }
  });
}

/** Why `authenticate` can't tell who sends this request. That nobody is signed in, or may pass, is no problem. */
async function findSignInProblems(c: ApiContext, authenticate: AvatarApiOptions['authenticate']): Promise<Problem[]> {
  markHealthCheck(c);
  try {
    await authenticate(c);
    return [];
  } catch (cause) {
    if (cause instanceof DependencyError) return cause.dependencies.map((dependency) => ({ dependency, cause }));
    return isRefusal(cause) ? [] : [{ dependency: 'sign-in', cause }];
  }
}

function isRefusal(error: unknown): boolean {
  if (error instanceof ApiError) return error.code !== 'unavailable' && error.code !== 'internal';
  return error instanceof Error && 'status' in error && Number(error.status) < 500;
}

interface StoreHealth {
  nextCheckAt: number;
  /** Undefined while the first check is running. */
  problems: Problem[] | undefined;
}

const healthByEnv = new WeakMap<AvatarEnv, StoreHealth>();

/**
 * The problems of database and bucket, at most a few seconds old. Requests don't
 * share a promise, which Workers can't wait for across requests.
 */
async function findStoreProblems(env: AvatarEnv): Promise<Problem[]> {
  const health = healthByEnv.get(env) ?? { nextCheckAt: 0, problems: undefined };
  healthByEnv.set(env, health);
  for (;;) {
    if (Date.now() >= health.nextCheckAt) {
      health.nextCheckAt = Date.now() + INTERVAL_MS;
      health.problems = undefined;
      health.problems = await checkStores(env);
    }
    if (health.problems) return health.problems;
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

async function checkStores(env: AvatarEnv): Promise<Problem[]> {
  const { storage } = readConfig(env);
  if ('problem' in storage) return [];
  const { bucket, pendingBuckets, database } = storage.value;
  const results = await Promise.all([
    findProblem('database', () => checkSchema(database)),
    findProblem('storage', () => bucket.head('health')),
    ...pendingBuckets
      .filter((each) => each !== bucket)
      .map((each) => findProblem('storage', () => checkPendingBucket(each))),
  ]);
  return results.flat();
}

/** @throws Error if uploads would be stored between the avatars, which may be public. */
async function checkPendingBucket(bucket: AvatarBucket): Promise<void> {
  if (await bucket.head(MARK_KEY)) {
    throw new Error('PENDING leads to the bucket of AVATARS. Bind it to the bucket that R2_PENDING_BUCKET names.');
  }
}

async function findProblem(dependency: Dependency, check: () => Promise<unknown>): Promise<Problem[]> {
  let timer: ReturnType<typeof setTimeout> | null = null;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No response within ${TIMEOUT_MS / 1000} seconds.`)), TIMEOUT_MS);
  });
  try {
    await Promise.race([check(), timeout]);
    return [];
  } catch (cause) {
    return [{ dependency, cause }];
  } finally {
    clearTimeout(timer);
  }
}
