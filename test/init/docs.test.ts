import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { HONO_STARTER, Project, removeProjects } from './project.js';

const page = readFileSync(new URL('../../docs/local-development.md', import.meta.url), 'utf8');

/** The code blocks on the page, in the order in which they come. */
const blocks = Array.from(page.matchAll(/```(?:jsonc|ini|ts)\n(.*?)```/gs), ([, code = '']) => code);

afterAll(removeProjects);

it('docs/local-development.md shows the files that init writes', async () => {
  const project = new Project({
    ...HONO_STARTER,
    'wrangler.jsonc': '{\n  "name": "my-app",\n  "main": "src/index.ts",\n  "compatibility_date": "2026-09-15"\n}\n',
    'src/index.ts':
      "import { Hono } from 'hono';\n\nconst app = new Hono();\n\napp.get('/', (c) => c.text('Hello Hono!'));\n\nexport default app;\n",
  });
  expect((await project.init()).code).toBe(0);
  const settings = project.read('.dev.vars').replace(/[\da-f]{64}/, '<64 random hexadecimal digits>');
  const files = ['wrangler.jsonc', 'src/avatars.ts', 'src/index.ts'].map((name) => project.read(name));
  files.splice(1, 0, settings);
  expect(blocks.slice(0, 4)).toEqual(files);
});
