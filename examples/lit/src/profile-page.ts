import 'flare-avatar-upload';
import type { AvatarUploadEventMap } from 'flare-avatar-upload';
import { html, LitElement } from 'lit';
import { customElement, state } from 'lit/decorators.js';

const validateFile = (file: File) => (file.size < 1024 ? 'too_small' : null);
const messages = { too_small: 'Choose a larger picture.' };

@customElement('profile-page')
export class ProfilePage extends LitElement {
  @state() private status = '';
  @state() private progress = 0;
  @state() private count = 0;

  protected override render() {
    return html`
      <flare-avatar-upload
        label="Profile picture"
        .outputSize=${256}
        .validate=${validateFile}
        .messages=${messages}
        @flare-reject=${this.#showReason}
        @flare-progress=${this.#showProgress}
        @flare-success=${this.#showWidth}
      ></flare-avatar-upload>
      <progress .value=${this.progress}></progress>
      <p>${this.status}</p>
      <button type="button" @click=${() => this.count++}>Count: ${this.count}</button>
    `;
  }

  #showReason({ detail }: AvatarUploadEventMap['flare-reject']): void {
    this.status = `Rejected: ${detail.error.code}`;
  }

  #showProgress({ detail }: AvatarUploadEventMap['flare-progress']): void {
    this.progress = detail.ratio;
  }

  #showWidth({ detail }: AvatarUploadEventMap['flare-success']): void {
    this.status = `Saved: ${detail.avatar?.width} pixels`;
  }
}
