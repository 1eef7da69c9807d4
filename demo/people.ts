/** Width and height at which people are listed, in CSS pixels. */
const SIDE = 40;

/** Lists people with their pictures at the size they are shown at, and says how many bytes were downloaded for it. */
export function renderPeople(list: HTMLElement, total: HTMLElement, users: Readonly<Record<string, string>>): void {
  const size = Math.ceil(SIDE * devicePixelRatio);
  let bytes = 0;
  total.textContent = '';
  const items = Object.entries(users).map(([id, name]) => {
    const image = new Image(SIDE, SIDE);
    const item = document.createElement('li');
    image.alt = '';
    image.addEventListener('load', () => {
      bytes += readTransferSize(image.src);
      total.textContent = `Downloaded for this list, at ${size} pixels each: ${bytes.toLocaleString('en-US')} bytes`;
    });
    image.addEventListener('error', () => image.replaceWith(createInitials(name)));
    image.src = `/api/users/${id}/avatar?size=${size}`;
    item.append(image, name);
    return item;
  });
  list.replaceChildren(...items);
}

/** What is shown for a person without a picture: a circle of the same size. */
function createInitials(name: string): HTMLElement {
  const initials = document.createElement('span');
  initials.className = 'initials';
  initials.ariaHidden = 'true';
  initials.textContent = name.replace(/[^A-Z]/g, '');
  return initials;
}

/** Bytes of the latest response for a URL; 0 if the browser had it in its cache. */
function readTransferSize(url: string): number {
  const entry = performance.getEntriesByName(url, 'resource').at(-1);
  return entry instanceof PerformanceResourceTiming ? entry.transferSize : 0;
}
