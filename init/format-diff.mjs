/** Shows changes of files as `diff -u` does, without its line numbers. */

const CONTEXT = 2;

/** Lines whose values are secrets. */
const SECRET = /^([+ -]\s*(?:export\s+)?[A-Z0-9_]*(?:SECRET|TOKEN|KEY|PASSWORD)[A-Z0-9_]*\s*=).*$/;

/** @param change - `{path, before, after, note}`; `before` is null for a new file */
export function formatDiff({ path, before, after, note }) {
  const title = before === null ? `new file: ${path}` : `changed: ${path}`;
  if (note) return `${title} (${note})`;
  const lines = before === null ? splitLines(after).map((line) => `+${line}`) : compareLines(before, after);
  // The other lines of a file with secrets are nobody's business.
  const isSecret = /(^|\/)\.(dev\.vars|env)/.test(path);
  const shown = isSecret ? lines.filter((line) => line[0] !== ' ') : hideUnchanged(lines);
  return [title, ...shown.map((line) => `  ${isSecret ? line.replace(SECRET, '$1…') : line}`)].join('\n');
}

const splitLines = (text) => text.replace(/\r?\n$/, '').split(/\r?\n/);

/** All lines, those that were added with `+` and those that were removed with `-`: the longest common sequence stays. */
function compareLines(before, after) {
  const [a, b] = [splitLines(before), splitLines(after)];
  const lengths = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i][j] = a[i] === b[j] ? lengths[i + 1][j + 1] + 1 : Math.max(lengths[i + 1][j], lengths[i][j + 1]);
    }
  }
  const lines = [];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(` ${a[i++]}`);
      j++;
    } else if (j === b.length || (i < a.length && lengths[i + 1][j] >= lengths[i][j + 1])) lines.push(`-${a[i++]}`);
    else lines.push(`+${b[j++]}`);
  }
  return lines;
}

/** Leaves out the lines that are far from any change. */
function hideUnchanged(lines) {
  const isNear = (index) =>
    lines.slice(Math.max(0, index - CONTEXT), index + CONTEXT + 1).some((line) => line[0] !== ' ');
  return lines.flatMap((line, index) => {
    if (isNear(index)) return [line];
    return isNear(index - 1) && index > 0 ? ['…'] : [];
  });
}
