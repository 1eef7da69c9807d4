/**
 * Runs a script of this folder on the Node that the tools need, after
 * installing what is missing: `node scripts/run-script.mjs doctor --help`. The
 * script itself may import packages and TypeScript, which this file can't.
 */
import { installPackages, run } from './setup.mjs';

const [name, ...args] = process.argv.slice(2);
installPackages();
process.exitCode = await run('node', [`scripts/${name}.mjs`, ...args]);
