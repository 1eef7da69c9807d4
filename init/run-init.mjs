/** `npx flare-avatar-upload init`: adds the back end to a Worker's project. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { CliError } from '../scripts/cli-error.mjs';
import { editConfig, readConfigFile } from './config-file.mjs';
import { createModule } from './create-module.mjs';
import { editEntry } from './edit-entry.mjs';
import { formatDiff } from './format-diff.mjs';
import { planConfig } from './plan-config.mjs';
import { planMigrations } from './plan-migrations.mjs';
import { findPackageManager, planPackages, readPackageJson } from './plan-packages.mjs';
import { addPage, isViteProject, planPage } from './plan-page.mjs';
import { planGitignore, planLocalSettings } from './plan-settings.mjs';
import { ProjectFiles } from './project-files.mjs';

/** This package; the file is one folder below, in the repository and in the build. */
const ownFolder = fileURLToPath(new URL('..', import.meta.url));

/**
 * @param options - `isDryRun`: only show the changes; `folder`: the project; `packageFolder`: this package; `install`
 *   runs a package manager in a folder, and returns whether that worked
 * @returns the exit code: 1 if the project needs changes by hand before it works
 */
export function runInit({
  isDryRun,
  folder = process.cwd(),
  packageFolder = ownFolder,
  install = runPackageManager,
} = {}) {
  const files = new ProjectFiles(folder);
  try {
    const plan = planChanges(files, packageFolder);
    printChanges(files.changes, isDryRun);
    if (!isDryRun) files.writeChanges();
    const isInstalled = isDryRun || !plan.needsInstall || install(plan.manager, folder);
    printManual(plan.manual);
    const isReady = plan.manual.length === 0 && isInstalled;
    if (isReady && !isDryRun) printNextSteps(plan);
    return isReady ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    console.error(error.message);
    return 1;
  }
}

/** Nothing is written before all of this is known to be possible. */
function planChanges(files, packageFolder) {
  const manifest = readPackageJson(files);
  const configFile = readConfigFile(files);
  const config = configFile.data;
  const entry = findEntry(files, config);
  const plan = planConfig(config, createName(config.name ?? manifest.name ?? basename(files.folder)), entry.isMounted);
  const page = planPage(files, config);
  const edited = editConfig(configFile, [...plan.operations, ...page.operations]);
  if (edited.text !== configFile.text) files.write(configFile.name, edited.text);
  const settings = planLocalSettings(files, plan.credentials);
  planGitignore(files, settings.name);
  const migrations = planMigrations(files, plan.folder, join(packageFolder, 'dist', 'server', 'migrations'));
  const manual = [
    ...toManual(edited.manual, `Add to ${configFile.name}:`),
    ...toManual(settings.manual, `Set in ${settings.name}, or local uploads don't work:`),
    ...mountApi(files, entry, { dev: { migrations, migrationsTable: plan.table }, cron: plan.cron }),
  ];
  if (page.folder) addPage(files, page.folder, join(packageFolder, 'dist'));
  const own = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const needsInstall = planPackages(files, manifest, own);
  return {
    manual,
    needsInstall,
    manager: findPackageManager(files, manifest),
    page: page.folder ? '/avatar.html' : null,
    command: isViteProject(files) ? 'npx vite dev' : 'npx wrangler dev',
    module: entry.module?.path,
    environments: Object.keys(config.env ?? {}),
    configName: configFile.name,
  };
}

const toManual = (lines, title) => (lines.length > 0 ? [{ title, lines }] : []);

/** A name for a bucket and a database: 3 to 63 lowercase letters, digits and hyphens. */
function createName(name) {
  const plain = name
    .toLowerCase()
    .replace(/[^a-z\d]+/g, '-')
    .replace(/^-+/, '')
    .slice(0, 40);
  return `${plain.replace(/-+$/, '') || 'worker'}-avatars`;
}

/** The entry module of the Worker, and the module beside it that will have the API. */
function findEntry(files, { main }) {
  if (typeof main !== 'string') {
    throw new CliError(
      'The Wrangler configuration has no `main`, so there is no Worker yet. Write one, such as src/index.js with `export default {};`, and set "main": "src/index.js". Then run this command again. Nothing was changed.',
    );
  }
  const path = main.replace(/^\.\//, '');
  const code = files.read(path);
  const isOwnSource = code !== null && !/(^|\/)(node_modules|dist|\.open-next|\.svelte-kit|\.output)\//.test(path);
  const extension = extname(path).replace('x', '') || '.js';
  const module = isOwnSource ? findModule(files, dirname(path), extension) : null;
  const isMounted =
    isOwnSource && (code.includes('flare-avatar-upload/server') || (module.isPresent && isImported(code, module.name)));
  return { path, code: isOwnSource ? code : null, module, extension, isMounted };
}

/** `avatars`, or another name where the project has such a module of its own. */
function findModule(files, folder, extension) {
  const names = ['avatars', 'flare-avatars'].map((name) => ({ name, path: join(folder, name + extension) }));
  const isOwn = ({ path }) => files.read(path)?.includes('flare-avatar-upload/server') ?? false;
  const module = names.find((each) => isOwn(each) || !files.exists(each.path)) ?? names[1];
  return { ...module, isPresent: isOwn(module) };
}

const isImported = (code, name) => new RegExp(`from\\s*['"]\\./${name}(\\.[cm]?[jt]s)?['"]`).test(code);

/** Mounts the API in the entry module. @returns what has to be done by hand */
function mountApi(files, entry, options) {
  if (entry.isMounted) return [];
  if (entry.code === null) return [createUnknownEntry(entry)];
  const edited = editEntry(entry.path, entry.code, `./${entry.module.name}`, options.cron);
  const name = edited.kind === 'hono' ? 'withAvatarSweep' : 'withAvatars';
  if (entry.module.isPresent && !files.read(entry.module.path).includes(name)) {
    const title = `${entry.module.path} was written for another kind of Worker. Remove it, and run the command again.`;
    return [{ title, lines: [] }];
  }
  if (!entry.module.isPresent) {
    const isTypeScript = entry.extension.endsWith('ts');
    const text = createModule({ kind: edited.kind, isTypeScript, ...options });
    files.write(entry.module.path, entry.code.includes('\r\n') ? text.replaceAll('\n', '\r\n') : text);
  }
  if (edited.code !== undefined) {
    files.write(entry.path, edited.code);
    return [];
  }
  return [
    { title: `${entry.path} was not changed, because ${edited.problem}. Add to it:`, lines: [edited.lines.join('\n')] },
  ];
}

const createUnknownEntry = ({ path }) => ({
  title: `The Worker's entry module, ${path}, is not part of the project's own source, or doesn't exist yet. Mount the API where your application handles requests below /api:`,
  lines: [
    "import { createAvatarApi } from 'flare-avatar-upload/server';\n\nconst avatarApi = createAvatarApi({ authenticate });\n// For requests to /api/uploads/*, /api/me/avatar and /api/users/*:\nconst response = await new Hono().route('/api', avatarApi).fetch(request, env, context);",
  ],
});

function printChanges(changes, isDryRun) {
  for (const change of changes) console.log(`${formatDiff(change)}\n`);
  if (changes.length === 0) console.log('Nothing to change: the back end is already there.');
  else if (isDryRun) console.log('Nothing was changed (--dry-run).');
}

/** @returns whether it could install the packages of the project */
function runPackageManager(manager, folder) {
  console.log(`Running ${manager} install…`);
  const shell = process.platform === 'win32';
  const { status } = spawnSync(manager, ['install'], { cwd: folder, stdio: 'inherit', shell });
  if (status === 0) return true;
  console.error(`\n${manager} install failed; its output is above. Run it again before you start the Worker.`);
  return false;
}

function printManual(manual) {
  for (const { title, lines } of manual) {
    console.log(`\n${title}\n\n${lines.join('\n').replace(/^(?=.)/gm, '  ')}`);
  }
}

function printNextSteps({ page, command, module, environments, configName }) {
  console.log(`\nStart the Worker: ${command}${page ? `, then open ${page}` : ''}`);
  if (module) console.log(`Then let your users sign in: see authenticate in ${module}.`);
  if (environments.length === 0) return;
  console.log(
    `Environments don't inherit bindings and vars. Copy the new ones in ${configName} to those that you deploy: ${environments.join(', ')}.`,
  );
}
