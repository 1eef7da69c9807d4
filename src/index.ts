/** Defines `<flare-avatar-upload>` and exports everything. */
import './define.js';

export * from './client.js';
export * from './element.js';
