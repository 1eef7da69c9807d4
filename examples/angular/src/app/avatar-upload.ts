import { Directive, ElementRef, inject, input, type OnChanges, output, type SimpleChanges } from '@angular/core';
import type { AvatarUploadEventMap, FlareAvatarUpload } from 'flare-avatar-upload';

/** Types `<flare-avatar-upload>` in templates: with it, no CUSTOM_ELEMENTS_SCHEMA is needed. */
@Directive({ selector: 'flare-avatar-upload' })
export class AvatarUpload implements OnChanges {
  readonly #element: FlareAvatarUpload = inject(ElementRef).nativeElement;

  // The properties that your templates bind.
  readonly label = input<string>();
  readonly outputSize = input<number>();
  readonly validate = input<FlareAvatarUpload['validate']>();
  readonly messages = input<FlareAvatarUpload['messages']>();

  // The events that they listen to. The element dispatches them; the outputs only give them their types.
  readonly reject = output<AvatarUploadEventMap['flare-reject']>({ alias: 'flare-reject' });
  readonly progress = output<AvatarUploadEventMap['flare-progress']>({ alias: 'flare-progress' });
  readonly success = output<AvatarUploadEventMap['flare-success']>({ alias: 'flare-success' });

  ngOnChanges(changes: SimpleChanges): void {
    for (const [name, { currentValue }] of Object.entries(changes)) Reflect.set(this.#element, name, currentValue);
  }
}
