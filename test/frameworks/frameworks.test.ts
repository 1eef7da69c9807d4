import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, inject, it } from 'vitest';
import { connectBrowser, createContext } from '../support/browser.js';
import { recordProblems } from '../support/bundled-app.js';
import { DevServer } from '../support/dev-server.js';
import { ExampleProject, packTarball } from '../support/example-project.js';
import { ExampleSite } from '../support/example-site.js';
import { findFreePort } from '../support/free-port.js';
import { CHECKS, type Column, isCheckFor, type OpenExample } from './checks.js';
import { EXAMPLES, type Example } from './examples.js';
import { type Results, writeResults } from './results.js';

/** Names of examples, or `quick` for those that `npm test` tries, as a part of its end-to-end tests. Nothing: all. */
const { EXAMPLES: selection = '' } = process.env;
const isQuick = selection === 'quick';
const names = isQuick ? [] : selection.split(' ').filter(Boolean);
const selected = EXAMPLES.filter((example) =>
  isQuick ? example.isQuick : !names.length || names.includes(example.name),
);

/** The CDN that the examples without a bundler name. */
const CDN = 'https://cdn.jsdelivr.net/npm/';

const results: Results = new Map();
/** Some rows are pages of the same example. */
const installed = new Map<string, Promise<ExampleProject>>();
let browser: Browser;
let tarball: string;

beforeAll(async () => {
  [browser, tarball] = await Promise.all([connectBrowser(), packTarball()]);
});
afterAll(async () => {
  await browser?.close();
  writeResults(results, { isForDocs: !isQuick });
});

it.concurrent.each(selected.map((example) => [example.title, example] as const))('%s', async (_, example) => {
  const row = { version: '', passed: new Map<Column, boolean>() };
  results.set(example, row);
  const project = await prepareProject(example.name);
  if (example.framework) row.version = project.versionOf(example.framework);
  if (!isQuick && project.hasScript('check'))
    await record(row.passed, 'types', 'the type checker reports nothing', () => project.runScript('check'));
  const tryPage = async (served: Served, passed: Map<Column, boolean>) => {
    const { open, close } = await openExample(example, project, served);
    try {
      const checks = CHECKS.filter((check) => isCheckFor(check, example));
      for (const { column, title, run } of checks) await record(passed, column, title, () => run(open));
    } finally {
      await close();
    }
  };
  await serveBuild(example, project, (served) => tryPage(served, row.passed));
  if (isQuick || !project.hasScript('dev')) return;
  const trySource = () => serveSource(example, project, (served) => tryPage(served, new Map()));
  await record(row.passed, 'dev server', 'on the dev server', trySource);
});

/** Installs and builds an example, once. */
function prepareProject(name: string): Promise<ExampleProject> {
  const prepare = async () => {
    const project = new ExampleProject(name);
    await project.install(tarball);
    if (project.hasScript('build')) await project.runScript('build', { API_ORIGIN: inject('origin') });
    return project;
  };
  const prepared = installed.get(name) ?? prepare();
  installed.set(name, prepared);
  return prepared;
}

/** Runs a check. Its column has passed if all of its checks have: the first that fails ends the test. */
async function record(passed: Map<Column, boolean>, column: Column, title: string, run: () => Promise<void>) {
  passed.set(column, false);
  await run().catch((error: Error) => {
    throw new Error(`${title}: ${error.message}`, { cause: error });
  });
  passed.set(column, true);
}

/** Where the pages of an example are, and the API that they call. */
interface Served {
  origin: string;
  site: ExampleSite;
}

/** Serves a built example, with the API on the same origin, while `use` runs. */
async function serveBuild(example: Example, project: ExampleProject, use: (served: Served) => Promise<void>) {
  const backEnd = inject('origin');
  const server = example.start
    ? await project.startServer(example.start, await findFreePort(), { API_ORIGIN: backEnd })
    : null;
  const site = new ExampleSite(server ?? { folder: join(project.folder, example.folder ?? '') }, backEnd);
  try {
    await use({ origin: await site.start(), site });
  } finally {
    await Promise.all([site.stop(), server?.stop()]);
  }
}

/** Serves an example with its dev server, which passes the API on, while `use` runs. */
async function serveSource(example: Example, project: ExampleProject, use: (served: Served) => Promise<void>) {
  const port = await findFreePort();
  const origin = `http://localhost:${port}`;
  const ownBackEnd = example.replacesHost ? await DevServer.startEmpty({ TRUSTED_ORIGINS: origin }) : null;
  const site = new ExampleSite(null, ownBackEnd?.origin ?? inject('origin'));
  const server = await project.startDevServer(port, { API_ORIGIN: await site.start() });
  try {
    await use({ origin, site });
  } finally {
    await Promise.all([site.stop(), server.stop(), ownBackEnd?.stop()]);
  }
}

/** Opens the page of an example as a user that no other test has. */
async function openExample(example: Example, project: ExampleProject, served: Served) {
  const context = await createContext(browser);
  await context.route(`${CDN}**`, (route) => project.serveFromCdn(route, CDN));
  const page = await context.newPage();
  await page.request.post(`${served.origin}/api/dev/login`, { data: { user: crypto.randomUUID() } });
  const workers: string[] = [];
  page.on('worker', (worker) => workers.push(worker.url()));
  const problems = recordProblems(page);
  // A file that is picked while the element requests its picture ends that request.
  await page.goto(served.origin + (example.page ?? '/'), { waitUntil: 'networkidle' });
  const open: OpenExample = { example, page, ...served, problems, workers };
  return { open, close: () => context.close() };
}
