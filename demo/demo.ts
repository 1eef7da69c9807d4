/// <reference types="vite/client" />
import '../src/define.js';
import { decodeHeic } from '../src/heic.js';
import { ATTRIBUTE_GROUPS, type Control, INITIAL_TEXTS, readAttribute } from './attributes.js';
import { renderPeople } from './people.js';
import { FAULTS, type Fault, SimulatedBackEnd } from './simulated-backend.js';
import { SNIPPETS } from './snippets.js';

const USERS = { ada: 'Ada Lovelace', grace: 'Grace Hopper', alan: 'Alan Turing' };

const EVENT_TYPES = [
  'flare-accept',
  'flare-reject',
  'flare-start',
  'flare-progress',
  'flare-retry',
  'flare-success',
  'flare-error',
  'flare-cancel',
  'flare-remove',
  'flare-removed',
  'flare-statechange',
  'input',
  'change',
];

const ATTRIBUTES = Object.assign({}, ...Object.values(ATTRIBUTE_GROUPS)) as Record<string, Control>;

/** Settings of this page that are not attributes of the element. */
const PAGE_SETTINGS: Record<string, Control> = {
  size: ['176px', '32px', '48px', '96px', '256px'],
  language: ['en', 'ar', 'de', 'es', 'fr', 'he', 'hi', 'ja', 'pt-BR', 'ru', 'zh-CN'],
  scheme: ['auto', 'light', 'dark'],
};

const RIGHT_TO_LEFT = ['ar', 'he'];

/** The page of the site simulates the API, and so does the local one with `?simulated`. */
const isSimulated = import.meta.env.VITE_SIMULATED === 'on' || new URLSearchParams(location.search).has('simulated');
const backEnd = isSimulated ? new SimulatedBackEnd() : null;

const getElement = <T extends HTMLElement = HTMLElement>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`The page has no ${selector}`);
  return found;
};

const eventLog = getElement('#event-log');
const settingsForm = getElement<HTMLFormElement>('#settings');
let userId: keyof typeof USERS = 'ada';
let element = document.createElement('flare-avatar-upload');

function logEvent(event: Event): void {
  const item = document.createElement('li');
  const time = document.createElement('time');
  const name = document.createElement('b');
  const detail = document.createElement('span');
  time.textContent = new Date().toLocaleTimeString([], { hour12: false });
  name.textContent = event.type;
  detail.textContent = formatDetail(event);
  item.append(time, name, detail);
  eventLog.prepend(item);
}

function formatDetail(event: Event): string {
  if (!(event instanceof CustomEvent)) return `value: ${element.value || '(empty)'}`;
  const fields = Object.entries(event.detail ?? {}).map(([name, value]) => `${name}: ${formatValue(value)}`);
  return fields.join(', ');
}

function formatValue(value: unknown): string {
  if (value instanceof File) return value.name;
  if (value instanceof Blob) return `${value.type}, ${value.size} bytes`;
  if (value instanceof Error) return `${'code' in value ? value.code : value.name}`;
  if (typeof value === 'number') return String(Math.round(value * 100) / 100);
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const getInitials = (name: string): string => name.replace(/[^A-Z]/g, '');

/** Replaces the element with a new one for the signed-in user, with the selected attributes. */
function renderElement(): void {
  element = document.createElement('flare-avatar-upload');
  for (const type of EVENT_TYPES) element.addEventListener(type, logEvent);
  for (const type of ['flare-success', 'flare-removed']) element.addEventListener(type, renderPublicAvatar);
  element.decode = decodeHeic;
  applySettings();
  getElement('#element').replaceChildren(element);
  renderPublicAvatar();
}

function applySettings(): void {
  const values = new FormData(settingsForm);
  for (const [name, control] of Object.entries(ATTRIBUTES)) {
    const value = readAttribute(values, name, control);
    if (value === null) element.removeAttribute(name);
    else element.setAttribute(name, name === 'initials' ? getInitials(USERS[userId]) : value);
  }
  const size = String(values.get('size'));
  element.style.setProperty('--flare-size', size);
  const language = String(values.get('language'));
  getElement('#element').lang = language;
  getElement('#element').dir = RIGHT_TO_LEFT.includes(language) ? 'rtl' : 'ltr';
  document.documentElement.dataset.scheme = String(values.get('scheme'));
  if (backEnd) backEnd.fault = values.get('fault') as Fault;
  renderSnippet(size);
}

/** Shows the markup of the element as it is now, for the selected framework. */
function renderSnippet(size: string): void {
  const names = element.getAttributeNames().filter((name) => name !== 'style');
  const attributes = names.map((name) => {
    const value = ATTRIBUTES[name] === 'checkbox' ? null : element.getAttribute(name);
    return { name, value };
  });
  const write = SNIPPETS[getElement<HTMLSelectElement>('#framework').value];
  getElement('#snippet').textContent = write?.(attributes, size === '96px' ? '' : size) ?? '';
}

/** Shows the avatar by the URL that other pages use. Browsers cache its redirect, hence the query. */
function renderPublicAvatar(): void {
  if (isSimulated) return;
  const image = getElement<HTMLImageElement>('#public-avatar');
  const path = `/api/users/${userId}/avatar`;
  getElement('#public-avatar-markup').textContent = `<img src="${path}">`;
  image.hidden = true;
  image.onload = () => {
    image.hidden = false;
  };
  image.src = `${path}?${Date.now()}`;
  renderPeople(getElement('#people'), getElement('#people-bytes'), USERS);
}

async function signIn(): Promise<void> {
  await fetch('/api/dev/login', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: userId }),
  });
  renderElement();
}

/** A labeled control. @param texts - of the options of a select, if they are not the values */
function createField(name: string, control: Control, texts: Readonly<Record<string, string>> = {}): HTMLLabelElement {
  const label = document.createElement('label');
  if (control === 'checkbox') label.append(createInput('checkbox', name), name);
  else if ('text' in control) label.append(name, createInput('text', name, INITIAL_TEXTS[name] ?? control.text));
  else label.append(name, createSelect(name, control, texts));
  return label;
}

const createInput = (type: string, name: string, value = 'on'): HTMLInputElement =>
  Object.assign(document.createElement('input'), { type, name, value, spellcheck: false });

function createSelect(
  name: string,
  values: readonly string[],
  texts: Readonly<Record<string, string>>,
): HTMLSelectElement {
  const select = document.createElement('select');
  select.name = name;
  for (const value of values) select.add(new Option(texts[value] ?? (value || 'none'), value));
  return select;
}

function createGroup(name: string, fields: readonly HTMLLabelElement[]): HTMLFieldSetElement {
  const group = document.createElement('fieldset');
  const legend = document.createElement('legend');
  legend.textContent = name;
  group.append(legend, ...fields);
  return group;
}

const createFields = (controls: Readonly<Record<string, Control>>): HTMLLabelElement[] =>
  Object.entries(controls).map(([name, control]) => createField(name, control));

function createUserOption(id: keyof typeof USERS): HTMLLabelElement {
  const label = document.createElement('label');
  const radio = document.createElement('input');
  Object.assign(radio, { type: 'radio', name: 'user', value: id, checked: id === userId });
  radio.addEventListener('change', () => {
    userId = id;
    signIn();
  });
  label.append(radio, USERS[id]);
  return label;
}

const pageFields = createFields(PAGE_SETTINGS);
if (backEnd) {
  backEnd.install();
  document.documentElement.dataset.backEnd = 'simulated';
  pageFields.unshift(createField('fault', Object.keys(FAULTS), FAULTS));
}
settingsForm.append(createGroup('This page', pageFields));
for (const [name, controls] of Object.entries(ATTRIBUTE_GROUPS))
  settingsForm.append(createGroup(name, createFields(controls)));
const frameworks = getElement<HTMLSelectElement>('#framework');
for (const name of Object.keys(SNIPPETS)) frameworks.add(new Option(name));
frameworks.addEventListener('change', applySettings);
settingsForm.addEventListener('change', applySettings);
getElement('#users').append(...Object.keys(USERS).map((id) => createUserOption(id as keyof typeof USERS)));
getElement('#form').addEventListener('submit', (event) => event.preventDefault());
getElement('#clear').addEventListener('click', () => eventLog.replaceChildren());
getElement('#copy').addEventListener('click', () =>
  navigator.clipboard.writeText(getElement('#snippet').textContent ?? ''),
);
await signIn();
