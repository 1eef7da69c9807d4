/**
 * How an attribute of the element is set: a select with the values, the default first; a text field with the default;
 * or a checkbox, for a boolean attribute.
 */
export type Control = readonly string[] | { text: string } | 'checkbox';

const TYPES = 'image/jpeg,image/png,image/webp,image/gif,image/avif';

/** All attributes of the element, by the names of their groups. */
export const ATTRIBUTE_GROUPS: Readonly<Record<string, Readonly<Record<string, Control>>>> = {
  Appearance: {
    shape: ['circle', 'rounded', 'square'],
    initials: ['', 'yes'],
    label: { text: '' },
    src: { text: '' },
    alt: { text: '' },
  },
  Picking: {
    'max-file-size': ['20971520', '1000000', '100000'],
    capture: ['', 'user', 'environment'],
    accept: { text: TYPES },
    camera: 'checkbox',
    'no-drop': 'checkbox',
    'no-paste': 'checkbox',
  },
  Picture: {
    crop: ['auto', 'manual', 'off'],
    animated: ['keep', 'first-frame'],
    'output-type': ['image/webp', 'image/jpeg', 'image/png'],
    'output-size': ['512', '256', '1024'],
    'output-quality': ['0.85', '0.5', '1'],
  },
  Upload: {
    'max-retries': ['3', '0', '8'],
    'stall-timeout': ['30', '8', '2'],
    credentials: ['same-origin', 'include', 'omit'],
    'no-auto': 'checkbox',
    'no-remove': 'checkbox',
    'no-unload-guard': 'checkbox',
    'presign-url': { text: '/api/uploads/presign' },
    'commit-url': { text: '/api/uploads/commit' },
    'avatar-url': { text: '/api/me/avatar' },
  },
  Form: {
    required: 'checkbox',
    disabled: 'checkbox',
    'no-hold': 'checkbox',
    name: { text: '' },
  },
};

/** What the text fields contain at first, if it is not the default. The page sets `decode`, so it also takes HEIC. */
export const INITIAL_TEXTS: Readonly<Record<string, string>> = {
  name: 'avatar',
  accept: `${TYPES},image/heic,.heic`,
};

/** Returns the value of an attribute in a form, or null if it is missing or the default. */
export function readAttribute(values: FormData, name: string, control: Control): string | null {
  const value = values.get(name);
  if (control === 'checkbox') return value === null ? null : '';
  const defaultValue = 'text' in control ? control.text : control[0];
  return value === defaultValue ? null : String(value ?? '');
}
