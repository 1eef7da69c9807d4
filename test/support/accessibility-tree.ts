import type { Page } from 'playwright-core';

/** A node of the accessibility tree, as Chromium's DevTools protocol describes it. */
interface AxNode {
  nodeId: string;
  ignored: boolean;
  role?: { value: string };
  name?: { value: string };
  description?: { value: string };
  value?: { value: string };
  properties?: { name: string; value: { value?: unknown } }[];
  childIds?: string[];
}

/** Properties that assistive technology says, besides name, description and value. */
const PROPERTIES = ['disabled', 'pressed', 'live', 'valuemin', 'valuemax', 'valuetext', 'modal', 'invalid', 'required'];
/** Roles that say nothing by themselves. */
const SILENT_ROLES = ['none', 'generic', 'InlineTextBox', 'StaticText', 'paragraph'];

/**
 * The element's part of the page's accessibility tree, one line for each node.
 *
 * @param isDialogOpen - the rest of the page is inert: only the dialog is in the tree.
 */
export async function readAccessibilityTree(page: Page, isDialogOpen = false): Promise<string> {
  const session = await page.context().newCDPSession(page);
  const { nodes } = (await session.send('Accessibility.getFullAXTree')) as unknown as { nodes: AxNode[] };
  await session.detach();
  const byId = new Map(nodes.map((node) => [node.nodeId, node]));
  const start = nodes.find(({ role }) => role?.value === (isDialogOpen ? 'dialog' : 'group'));
  if (!start) throw new Error('The accessibility tree does not contain the element.');
  const lines: string[] = [];
  const visit = (node: AxNode, depth: number): void => {
    const text = describe(node);
    if (text) lines.push(`${'  '.repeat(depth)}${text}`);
    for (const id of node.childIds ?? []) {
      const child = byId.get(id);
      if (child) visit(child, depth + (text ? 1 : 0));
    }
  };
  visit(start, 0);
  return lines.join('\n');
}

function describe(node: AxNode): string {
  const role = node.role?.value ?? 'none';
  const name = node.name?.value ?? '';
  if (node.ignored || (SILENT_ROLES.includes(role) && !(role === 'StaticText' && name.trim()))) return '';
  const details = (node.properties ?? [])
    .filter(({ name: property, value }) => PROPERTIES.includes(property) && value.value && value.value !== 'false')
    .map(({ name: property, value }) => `${property}=${value.value}`);
  const value = node.value?.value === undefined ? [] : [`value=${node.value.value}`];
  const description = node.description?.value ? [`description "${node.description.value}"`] : [];
  return [role === 'StaticText' ? 'text' : role, name && `"${name}"`, ...value, ...details, ...description]
    .filter(Boolean)
    .join(' ');
}
