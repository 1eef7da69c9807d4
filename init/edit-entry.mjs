/** Mounts the API in the entry module of a Worker. */
import { readEntry } from './read-entry.mjs';

/**
 * @param path - the module's path
 * @param module - path of the module with the API, without an extension
 * @param cron - when the sweep runs
 * @returns `kind`, what the module with the API exports, and `code`; or `problem`, why the module can't be edited
 *   safely, with the `lines` to add by hand
 */
export function editEntry(path, code, module, cron) {
  const entry = readEntry(path, code);
  const style = readStyle(code, path);
  const from = `${style.quote}${module}${style.extension}${style.quote}${style.semicolon}`;
  if (entry.problem) return { problem: entry.problem, ...createManualLines(entry, from, cron) };
  const kind = entry.app ? 'hono' : 'worker';
  const wrapper = entry.app ? 'withAvatarSweep' : 'withAvatars';
  const names = entry.app ? `avatarApi, ${wrapper}` : wrapper;
  const insertions = [
    createImport(entry.body, code, style, `import { ${names} } from ${from}`),
    ...(entry.app ? [createRoute(entry, code, style)] : []),
    { at: entry.exported.start, text: `${wrapper}(` },
    { at: entry.exported.end, text: ')' },
  ];
  return { kind, code: insert(code, insertions) };
}

/** What to add to a Hono app, or to the methods of any other Worker. */
function createManualLines({ app }, from, cron) {
  if (app) {
    const lines = [
      `import { avatarApi, withAvatarSweep } from ${from}`,
      '',
      `// Before the first route of the app, so that the API is at /api:`,
      `${app.name}.route('/api', avatarApi)`,
      '',
      `export default withAvatarSweep(${app.name})`,
    ];
    return { kind: 'hono', lines };
  }
  const lines = [
    `import { fetchAvatars, sweepAvatars } from ${from}`,
    '',
    '// First in the handler of requests. In a class, these are this.env and this.ctx:',
    'const response = await fetchAvatars(request, env, context);',
    'if (response) return response;',
    '',
    '// In the handler of cron events:',
    `if (event.cron === '${cron}') await sweepAvatars(env, {}, event.scheduledTime);`,
  ];
  return { kind: 'worker', lines };
}

/** Insertions at the same place stay in their order. */
const insert = (code, insertions) =>
  insertions
    .map((each, order) => ({ ...each, order }))
    .sort((a, b) => b.at - a.at || b.order - a.order)
    .reduce((text, { at, text: added }) => text.slice(0, at) + added + text.slice(at), code);

/** How the module is written. */
function readStyle(code, path) {
  const count = (pattern) => code.match(pattern)?.length ?? 0;
  const imports = [...code.matchAll(/\bfrom\s*(['"])(\.{1,2}\/[^'"]*?)?(\.[cm]?[jt]sx?)?\1/g)];
  const quote = imports[0]?.[1] ?? (count(/"/g) > count(/'/g) ? '"' : "'");
  const relative = imports.find(([, , name]) => name);
  const isScript = /\.[cm]?jsx?$/.test(path);
  return {
    quote,
    eol: code.includes('\r\n') ? '\r\n' : '\n',
    semicolon: count(/;[ \t]*\r?$/gm) > 0 ? ';' : '',
    extension: relative ? (relative[3] ?? '') : isScript ? '.js' : '',
  };
}

/** After the other imports; without any, at the top of the module, after its directives. */
function createImport(body, code, { eol }, line) {
  const last = body.findLast(({ type }) => type === 'ImportDeclaration');
  if (last) return { at: findLineEnd(code, last.end), text: eol + line };
  const at = /^(?:\uFEFF)?(?:(?:#!|\/\/)[^\n]*\n|['"]use \w+['"];?[ \t]*\r?\n)*/.exec(code)[0].length;
  return { at, text: line + eol + eol };
}

function createRoute({ app, body }, code, { eol, quote, semicolon }) {
  const previous = body[body.indexOf(app.before) - 1];
  const path = app.basePath === '/api' ? '/' : '/api';
  const line = `${app.name}.route(${quote}${path}${quote}, avatarApi)${semicolon}`;
  return { at: findLineEnd(code, previous.end), text: eol + eol + line };
}

/** The end of a statement with the comment after it on the same line. */
const findLineEnd = (code, end) =>
  end + /^(?:[ \t]*(?:;|\/\/[^\r\n]*|\/\*[^\r\n]*?\*\/))*/.exec(code.slice(end))[0].length;
