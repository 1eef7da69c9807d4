import '../src/define.js';

const PEOPLE = { ada: 'Ada Lovelace', grace: 'Grace Hopper', alan: 'Alan Turing' };

const EVENTS = [
  'flare-accept',
  'flare-reject',
  'flare-start',
  'flare-progress',
  'flare-success',
  'flare-error',
  'flare-cancel',
  'flare-remove',
  'flare-removed',
  'flare-statechange',
  'input',
  'change',
];

/** The switches: an attribute and its values, the first one being the default. */
const SETTINGS: Record<string, string[]> = {
  shape: ['circle', 'rounded', 'square'],
  crop: ['auto', 'manual', 'off'],
  animated: ['keep', 'first-frame'],
  'output-type': ['image/webp', 'image/jpeg', 'image/png'],
  'output-size': ['512', '256', '1024'],
  initials: ['', 'yes'],
  'no-auto': [],
  'no-remove': [],
  'no-drop': [],
  required: [],
  disabled: [],
};

/** Settings of this page, not of the element. */
const PAGE: Record<string, string[]> = { size: ['176px', '48px', '96px', '256px'], scheme: ['auto', 'light', 'dark'] };

const find = <T extends HTMLElement = HTMLElement>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
};

const log = find('#log');
const settings = find<HTMLFormElement>('#settings');
let person: keyof typeof PEOPLE = 'ada';
let element = document.createElement('flare-avatar-upload');

function note(event: Event): void {
  const item = document.createElement('li');
  const time = document.createElement('time');
  const name = document.createElement('b');
  const detail = document.createElement('span');
  time.textContent = new Date().toLocaleTimeString([], { hour12: false });
  name.textContent = event.type;
  detail.textContent = describe(event);
  item.append(time, name, detail);
  log.prepend(item);
}

function describe(event: Event): string {
  if (!(event instanceof CustomEvent)) return `value ${element.value || '(empty)'}`;
  const parts = Object.entries(event.detail ?? {}).map(([name, value]) => `${name}: ${brief(value)}`);
  return parts.join(', ');
}

function brief(value: unknown): string {
  if (value instanceof File) return value.name;
  if (value instanceof Blob) return `${value.type}, ${value.size} bytes`;
  if (value instanceof Error) return `${'code' in value ? value.code : value.name}`;
  if (typeof value === 'number') return String(Math.round(value * 100) / 100);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const initialsOf = (name: string): string => name.replace(/[^A-Z]/g, '');

/** A new element for the person who is signed in, with the attributes that are set. */
function show(): void {
  element = document.createElement('flare-avatar-upload');
  for (const type of EVENTS) element.addEventListener(type, note);
  for (const type of ['flare-success', 'flare-removed']) element.addEventListener(type, showPublic);
  element.setAttribute('name', 'avatar');
  apply();
  find('#stage').replaceChildren(element);
  showPublic();
}

function apply(): void {
  const values = new FormData(settings);
  for (const [name, options] of Object.entries(SETTINGS)) {
    const value = options.length ? String(values.get(name) ?? '') : values.has(name) ? '' : null;
    const isDefault = value === null || value === options[0];
    if (isDefault) element.removeAttribute(name);
    else element.setAttribute(name, name === 'initials' ? initialsOf(PEOPLE[person]) : value);
  }
  element.style.setProperty('--flare-size', String(values.get('size')));
  document.documentElement.dataset.scheme = String(values.get('scheme'));
  const attributes = element.getAttributeNames().filter((name) => name !== 'style');
  const text = attributes.map((name) => {
    const value = element.getAttribute(name);
    return value ? ` ${name}="${value}"` : ` ${name}`;
  });
  const size = values.get('size') === '96px' ? '' : ` style="--flare-size: ${values.get('size')}"`;
  find('#snippet').textContent =
    `<script type="module" src="/flare-avatar-upload.js"></script>\n\n` +
    `<flare-avatar-upload${text.join('')}${size}></flare-avatar-upload>`;
}

/** The address that any <img> can keep; asked anew here, because this page has changed the picture. */
async function showPublic(): Promise<void> {
  const image = find<HTMLImageElement>('#public');
  const path = `/api/users/${person}/avatar`;
  const caption = find('.others figcaption');
  const address = document.createElement('code');
  address.textContent = `<img src="${path}">`;
  caption.replaceChildren('What other people see', document.createElement('br'), address);
  image.hidden = true;
  image.onload = () => {
    image.hidden = false;
  };
  image.src = `${path}?${Date.now()}`;
}

async function signIn(): Promise<void> {
  await fetch('/api/dev/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: person }),
  });
  show();
}

function choice(name: string, options: string[]): HTMLLabelElement {
  const label = document.createElement('label');
  if (options.length === 0) {
    const box = document.createElement('input');
    Object.assign(box, { type: 'checkbox', name });
    label.append(box, name);
    return label;
  }
  const select = document.createElement('select');
  select.name = name;
  for (const option of options) select.add(new Option(option || 'none', option));
  label.append(name, select);
  return label;
}

for (const [id, name] of Object.entries(PEOPLE)) {
  const label = document.createElement('label');
  const radio = document.createElement('input');
  Object.assign(radio, { type: 'radio', name: 'person', value: id, checked: id === person });
  radio.addEventListener('change', () => {
    person = id as keyof typeof PEOPLE;
    signIn();
  });
  label.append(radio, name);
  find('.people').append(label);
}
for (const [name, options] of Object.entries({ ...SETTINGS, ...PAGE })) settings.append(choice(name, options));
settings.addEventListener('change', apply);
find('#form').addEventListener('submit', (event) => event.preventDefault());
find('#clear').addEventListener('click', () => log.replaceChildren());
find('#copy').addEventListener('click', () => navigator.clipboard.writeText(find('#snippet').textContent ?? ''));
await signIn();
