import type { PropertyDeclaration } from 'lit';
import type { UploadOptions } from './core/upload-avatar.js';
import { UPLOAD_DEFAULTS } from './core/upload-defaults.js';
import type { Messages } from './i18n/messages.js';

/** What the upload needs of an element's settings; also options of `uploadAvatar()`. */
export interface UploadSettings extends Pick<UploadOptions, 'headers' | 'presign' | 'commit'> {
  presignUrl: string;
  commitUrl: string;
  credentials: RequestCredentials;
  maxRetries: number;
  /** Seconds. */
  stallTimeout: number;
}

/** Every property of the element that a page can set. */
export interface Settings extends UploadSettings {
  avatarUrl: string;
  src: string;
  alt: string;
  label: string;
  initials: string;
  shape: 'circle' | 'rounded' | 'square';
  accept: string;
  /** Bytes. */
  maxFileSize: number;
  crop: 'auto' | 'manual' | 'off';
  animated: 'keep' | 'first-frame';
  /** Pixels. */
  outputSize: number;
  outputType: string;
  /** 0 to 1. */
  outputQuality: number;
  capture: string | null;
  camera: boolean;
  noDrop: boolean;
  noPaste: boolean;
  noAuto: boolean;
  noRemove: boolean;
  noUnloadGuard: boolean;
  noHold: boolean;
  name: string;
  required: boolean;
  disabled: boolean;
  validate: ((file: File) => string | null | Promise<string | null>) | undefined;
  decode: ((file: File, context: { signal: AbortSignal }) => Blob | Promise<Blob>) | undefined;
  transform: ((blob: Blob, context: { file: File; signal: AbortSignal }) => Blob | Promise<Blob>) | undefined;
  messages: Messages | undefined;
}

/** A default. An array lists the allowed words, the default first; undefined stands for a property without attribute. */
type Default = string | number | boolean | null | undefined | readonly string[];

export const UPLOAD_SETTINGS = {
  ...UPLOAD_DEFAULTS,
  credentials: [UPLOAD_DEFAULTS.credentials, 'include', 'omit'],
  headers: undefined,
  presign: undefined,
  commit: undefined,
};

/**
 * The one table of the element's settings: each property with its default.
 * Lit's declarations, the upload options and the manifest come from it, and a
 * test compares it with docs/element.md.
 */
export const SETTINGS: Readonly<Record<keyof Settings, Default>> = {
  ...UPLOAD_SETTINGS,
  avatarUrl: '/api/me/avatar',
  src: '',
  alt: '',
  label: '',
  initials: '',
  shape: ['circle', 'rounded', 'square'],
  accept: 'image/jpeg,image/png,image/webp,image/gif,image/avif',
  maxFileSize: 20 * 2 ** 20,
  crop: ['auto', 'manual', 'off'],
  animated: ['keep', 'first-frame'],
  outputSize: 512,
  outputType: 'image/webp',
  outputQuality: 0.85,
  capture: null,
  camera: false,
  noDrop: false,
  noPaste: false,
  noAuto: false,
  noRemove: false,
  noUnloadGuard: false,
  noHold: false,
  name: '',
  required: false,
  disabled: false,
  transform: undefined,
  validate: undefined,
  decode: undefined,
  messages: undefined,
};

/** Name of the attribute of a property, or false if it has none. */
export const getAttributeName = (property: string): string | false =>
  SETTINGS[property as keyof Settings] !== undefined && property.replace(/[A-Z]/g, '-$&').toLowerCase();

/**
 * Lit's property declarations. Each property reflects to its attribute; without
 * the attribute, or with an invalid one, the property has its default.
 */
export const declareProperties = (): Record<string, PropertyDeclaration> =>
  mapSettings((value, property) => {
    const attribute = getAttributeName(property);
    const converter = (text: string | null) => parseAttribute(text, value);
    const type = typeof value === 'boolean' ? { type: Boolean } : { converter };
    return attribute ? { attribute, reflect: true, useDefault: true, ...type } : { attribute };
  });

/** The defaults, by property. */
export const getDefaults = (): Record<string, Default> => mapSettings((value) => parseAttribute(null, value));

const mapSettings = <T>(map: (value: Default, property: string) => T): Record<string, T> =>
  Object.fromEntries(Object.entries(SETTINGS).map(([property, value]) => [property, map(value, property)]));

function parseAttribute(text: string | null, value: Default): Default {
  if (Array.isArray(value)) return value.includes(text as string) ? text : value[0];
  if (typeof value === 'number') return text?.trim() && Number(text) >= 0 ? Number(text) : value;
  return text ?? value;
}
