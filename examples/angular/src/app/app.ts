import 'flare-avatar-upload';
import { Component, signal } from '@angular/core';
import { AvatarUpload } from './avatar-upload';

@Component({
  selector: 'app-root',
  imports: [AvatarUpload],
  template: `
    <flare-avatar-upload
      label="Profile picture"
      [outputSize]="256"
      [validate]="validateFile"
      [messages]="messages"
      (flare-reject)="status.set('Rejected: ' + $event.detail.error.code)"
      (flare-progress)="progress.set($event.detail.ratio)"
      (flare-success)="status.set('Saved: ' + $event.detail.avatar?.width + ' pixels')"
    ></flare-avatar-upload>
    <progress [value]="progress()"></progress>
    <p>{{ status() }}</p>
    <button type="button" (click)="count.set(count() + 1)">Count: {{ count() }}</button>
  `,
})
export class App {
  readonly status = signal('');
  readonly progress = signal(0);
  readonly count = signal(0);

  readonly validateFile = (file: File) => (file.size < 1024 ? 'too_small' : null);
  readonly messages = { too_small: 'Choose a larger picture.' };
}
