/** Width of the slider's thumb, in CSS pixels: its center can't reach the ends of the slider. */
const THUMB = 16;

/** Steps of the keys; the other direction is negative. Those of a whole page are a tenth of the slider. The browser stops at the ends. */
const KEY_STEPS: Record<string, number> = {
  ArrowUp: 1,
  ArrowDown: -1,
  ArrowLeft: -1,
  ArrowRight: 1,
  PageUp: 10,
  PageDown: -10,
  Home: -1e9,
  End: 1e9,
};

/**
 * Moves a slider by pointer and keyboard in place of the browser, whose `input`
 * events every capturing listener of the page would see.
 *
 * @param onMove - called with the new value.
 */
export function createSliderHandler(onMove: (value: number) => void): (event: Event) => void {
  const move = (slider: HTMLInputElement, value: number): void => {
    // The browser rounds to steps and limits.
    slider.value = String(value);
    onMove(slider.valueAsNumber);
  };
  return (event) => {
    const slider = event.currentTarget as HTMLInputElement;
    const { type } = event;
    if (type === 'keydown') {
      const value = findKeyValue(slider, event as KeyboardEvent);
      if (value === null) return;
      event.preventDefault();
      move(slider, value);
    } else if (type.startsWith('pointer')) {
      if (grabPointer(slider, event as PointerEvent)) move(slider, findPointerValue(slider, event as PointerEvent));
    } else {
      event.preventDefault();
    }
  };
}

const isMirrored = (slider: HTMLInputElement): boolean => slider.matches(':dir(rtl)');

function findKeyValue(slider: HTMLInputElement, { key, altKey, ctrlKey, metaKey }: KeyboardEvent): number | null {
  const steps = KEY_STEPS[key];
  if (!steps || altKey || ctrlKey || metaKey) return null;
  const [min, max, step] = [slider.min, slider.max, slider.step].map(Number) as [number, number, number];
  const size = Math.abs(steps) === 10 ? (max - min) / 100 : step;
  const direction = /Left|Right/.test(key) && isMirrored(slider) ? -1 : 1;
  return slider.valueAsNumber + steps * size * direction;
}

/** Whether the pointer holds the slider: its main button is down. */
function grabPointer(slider: HTMLInputElement, { type, buttons, pointerId }: PointerEvent): boolean {
  if (type === 'pointerdown' && buttons === 1) {
    slider.setPointerCapture(pointerId);
    slider.focus();
  }
  return buttons === 1 && slider.hasPointerCapture(pointerId);
}

function findPointerValue(slider: HTMLInputElement, { clientX }: PointerEvent): number {
  const { left, width } = slider.getBoundingClientRect();
  const share = (clientX - left - THUMB / 2) / (width - THUMB);
  const [min, max] = [Number(slider.min), Number(slider.max)];
  return min + (max - min) * (isMirrored(slider) ? 1 - share : share);
}
