import { DEFERRAL, FormField } from './form-field.js';
import type { Messages } from './i18n/messages.js';
import { declareProperties, getAttributeName, getDefaults, SETTINGS, type Settings } from './settings.js';

/** The properties that a page can set. Their defaults and attributes are in settings.ts. */
export abstract class SettingsElement extends FormField implements Settings {
  static override readonly properties = {
    ...declareProperties(),
    // Attributes after whose changes the element is rendered again. Under the attribute's own name, frameworks would
    // find a property, and set that.
    _label: { attribute: 'aria-label' },
    _labelledBy: { attribute: 'aria-labelledby' },
    _describedBy: { attribute: 'aria-describedby' },
    _isDeferred: { attribute: DEFERRAL },
  };

  /** Endpoint that mints the presigned PUT. */
  declare presignUrl: string;
  /** Endpoint that checks and records the upload. */
  declare commitUrl: string;
  /** Endpoint of the current avatar: GET shows it, DELETE removes it. Empty: neither. */
  declare avatarUrl: string;
  /** Picture to show until one is uploaded, instead of asking `avatar-url`. */
  declare src: string;
  /** Alternative text of the picture. */
  declare alt: string;
  /** Name of the control. Default: the text of its `<label>`. */
  declare label: string;
  /** Shown when there is no picture. */
  declare initials: string;
  /** Outline of the picture. */
  declare shape: 'circle' | 'rounded' | 'square';
  /** Which files can be picked, as on `<input type=file>`. */
  declare accept: string;
  /** Maximum size of the picked file, in bytes. */
  declare maxFileSize: number;
  /** What is uploaded. `auto`: the centered square; `manual`: the square that the user chooses; `off`: the whole picture. */
  declare crop: 'auto' | 'manual' | 'off';
  /** Animated pictures: `keep` uploads them uncropped, `first-frame` makes a still. */
  declare animated: 'keep' | 'first-frame';
  /** Width and height of the uploaded square, in pixels. */
  declare outputSize: number;
  /** Type of the uploaded square. */
  declare outputType: string;
  /** Quality of the uploaded square, 0 to 1. */
  declare outputQuality: number;
  /** Which camera to use, as on `<input type=file>`. */
  declare capture: string | null;
  /** Offer to take a photo with the device's camera. */
  declare camera: boolean;
  /** Ignore dropped files. */
  declare noDrop: boolean;
  /** Ignore pasted files. */
  declare noPaste: boolean;
  /** Upload only when `upload()` is called. */
  declare noAuto: boolean;
  /** Don't offer to remove the picture. */
  declare noRemove: boolean;
  /** Don't ask before the page is left while bytes are in flight. */
  declare noUnloadGuard: boolean;
  /** Submit the form without waiting for a running upload. */
  declare noHold: boolean;
  /** Name of the field in its form. */
  declare name: string;
  /** The form can't be submitted without a picture. */
  declare required: boolean;
  /** The user can't change the picture. */
  declare disabled: boolean;
  /** Number of retries of each upload step. */
  declare maxRetries: number;
  /** Seconds without progress after which a PUT counts as lost. */
  declare stallTimeout: number;
  /** Whether the endpoint calls send cookies; the PUT never does. */
  declare credentials: RequestCredentials;
  /** Overrides of the texts, by key. */
  declare messages: Messages | undefined;
  /** Headers for the endpoint calls: an object, or a function that returns one. */
  declare headers: Settings['headers'];
  /** Replaces the presign call. */
  declare presign: Settings['presign'];
  /** Replaces the commit call. */
  declare commit: Settings['commit'];
  /** Returns a Blob to upload instead of the prepared one. */
  declare transform: Settings['transform'];
  /** Returns a code to reject the file with, or null. */
  declare validate: Settings['validate'];
  /** Returns a Blob that the browser can decode, made from a file that it can't. */
  declare decode: Settings['decode'];

  constructor() {
    super();
    Object.assign(this, getDefaults());
  }

  override connectedCallback(): void {
    // On a server, React 19 writes the names of properties: `outputSize`, which HTML parses as `outputsize`. They are
    // read once, and stay as they are: React reports attributes that it has not written, and sets properties later.
    for (const property in this.hasUpdated ? {} : SETTINGS) {
      const text = this.getAttribute(property);
      if (text !== null) this.attributeChangedCallback(getAttributeName(property) || '', null, text);
    }
    super.connectedCallback();
  }

  /** The element waits for the framework that has rendered it on a server, and that sets its properties now. */
  protected override shouldUpdate(): boolean {
    return !this.hasAttribute(DEFERRAL);
  }
}
