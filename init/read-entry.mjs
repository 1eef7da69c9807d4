/** Reads the entry module of a Worker: what it exports, and whether it is a Hono app. */
import { parse } from '@babel/parser';

const HONO_MODULES = /^(hono(\/(tiny|quick))?|@hono\/zod-openapi)$/;

/** Methods of a Hono app that add routes for all requests that match, and so may hide a later one. */
const ROUTE_METHODS = ['get', 'post', 'put', 'delete', 'patch', 'options', 'all', 'on', 'route', 'mount'];

/**
 * @param path - decides on the syntax: TypeScript, JSX
 * @returns `{problem}` for a module that can't be edited safely, with its `app`, if it has one. Else `exported`, the expression after `export
 *   default`; `app`, if it is a Hono app, with its `name`, its `basePath`, and `before`: the statement in front of which
 *   a route sees every request; `body`, the statements
 */
export function readEntry(path, code) {
  let body;
  try {
    body = parse(code, createOptions(path)).program.body;
  } catch (error) {
    return { problem: `it can't be parsed: ${error.message}` };
  }
  const statement = body.find(({ type }) => type === 'ExportDefaultDeclaration');
  if (!statement) return { problem: 'it has no `export default`' };
  const problem = findExportProblem(statement.declaration, body);
  if (problem) return { problem };
  const app = findApp(body, statement, code);
  if (app?.problem) return app;
  return { body, statement, exported: statement.declaration, app };
}

function createOptions(path) {
  const isTypeScript = /\.[cm]?tsx?$/.test(path);
  const plugins = [
    ...(isTypeScript ? ['typescript'] : []),
    ...(/\.ts$|\.mts$/.test(path) ? [] : ['jsx']),
    'decorators',
    'explicitResourceManagement',
  ];
  return { sourceType: 'module', plugins, createParenthesizedExpressions: true };
}

/** A class or a function can't be wrapped like an object: its methods are elsewhere. */
function findExportProblem(declaration, body) {
  const value = unwrap(declaration);
  const found = value.type === 'Identifier' ? findDeclaration(body, value.name) : value;
  if (/^Class/.test(found?.type ?? '')) return 'it exports a class';
  if (/Function/.test(found?.type ?? '')) return 'it exports a function';
  return null;
}

/** The class, function or initial value that a name stands for in the module. */
function findDeclaration(body, name) {
  for (const statement of body) {
    const declaration = statement.declaration ?? statement;
    if (declaration.id?.name === name) return declaration;
    const variable = declaration.declarations?.find(({ id }) => id.name === name);
    if (variable?.init) return unwrap(variable.init);
  }
  return null;
}

/** An expression without parentheses and types. */
function unwrap(node) {
  const isWrapper = /^(ParenthesizedExpression|TS(As|Satisfies|NonNull)Expression|TSTypeAssertion)$/.test(node.type);
  return isWrapper ? unwrap(node.expression) : node;
}

/** The Hono app that the module exports, or null. */
function findApp(body, statement, code) {
  const classes = new Set(body.flatMap(readHonoImports));
  const apps = body.flatMap((each, index) => readApps(each, index, classes));
  const exported = code.slice(statement.start, statement.end);
  const mentioned = apps.filter(({ name }) =>
    new RegExp(`(?<![\\w$])${name.replaceAll('$', '\\$')}(?![\\w$])`).test(exported),
  );
  const app = apps.length === 1 ? apps[0] : mentioned.length === 1 ? mentioned[0] : null;
  if (!app) return null;
  const basePath = app.calls.filter(({ method }) => method === 'basePath').map(({ path }) => path)[0] ?? '';
  if (basePath !== '' && basePath !== '/api') return { app, problem: `its Hono app has the base path ${basePath}` };
  if (app.calls.some(isCatchAll)) return { app, problem: 'its Hono app begins with a route for all paths' };
  return { name: app.name, basePath, before: findRoutePosition(body, app, statement) };
}

function readHonoImports(statement) {
  if (statement.type !== 'ImportDeclaration' || !HONO_MODULES.test(statement.source.value)) return [];
  const isApp = ({ imported }) => imported?.name === 'Hono' || imported?.name === 'OpenAPIHono';
  return statement.specifiers.filter(isApp).map(({ local }) => local.name);
}

/** The Hono apps that a statement declares. */
function readApps(statement, index, classes) {
  const { declarations = [] } = statement.declaration ?? statement;
  return declarations.flatMap(({ id, init }) => {
    const { root, calls } = readChain(init);
    const isApp = root?.type === 'NewExpression' && classes.has(root.callee.name) && id.type === 'Identifier';
    return isApp ? [{ name: id.name, index, calls }] : [];
  });
}

/** Follows `root.a(…).b(…)`. @returns the root, and the method and the first text of each call */
function readChain(node) {
  const calls = [];
  let current = node && unwrap(node);
  while (current?.type === 'CallExpression' && current.callee.type === 'MemberExpression') {
    const [first] = current.arguments;
    calls.unshift({ method: current.callee.property.name, path: first?.type === 'StringLiteral' ? first.value : null });
    current = unwrap(current.callee.object);
  }
  return { root: current, calls };
}

/** Whether a call may answer every request, so that routes after it are never asked. */
const isCatchAll = ({ method, path }) =>
  ROUTE_METHODS.includes(method) &&
  (path === null || path.includes('*') || (path === '/' && /^(route|mount)$/.test(method)));

/** The first statement with a route for all paths, else the export: explicit routes of the host come first. */
function findRoutePosition(body, app, exported) {
  const isRoute = (statement) => {
    const expressions = [statement.expression, ...(statement.declarations ?? []).map(({ init }) => init)];
    return expressions.some((expression) => {
      const { root, calls } = readChain(expression);
      return root?.type === 'Identifier' && root.name === app.name && calls.some(isCatchAll);
    });
  };
  return body.slice(app.index + 1).find((statement) => statement === exported || isRoute(statement)) ?? exported;
}
