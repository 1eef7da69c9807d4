/** List prices in dollars per million, as in docs/costs-and-limits.md. */
const PRICE = { classA: 4.5, classB: 0.36, rowWritten: 1, rowRead: 0.001, request: 0.3, cpuMs: 0.02 };

/** What a million uploads need, in millions: as in docs/costs-and-limits.md, without the view. */
const UPLOADS = { classA: 2, classB: 1, rowWritten: 13, rowRead: 44, request: 2, cpuMs: 4 };
/** What three smaller copies add (`npm run bench -- variants`). */
const VARIANTS = { classA: 3, cpuMs: 118 };

/**
 * What a billion views need, in millions: shares of `npm run bench -- window` and of
 * docs/scale.md, with 20 pictures on a page.
 */
const VIEWS = {
  'private, a new URL for each view': { request: 1000, rowRead: 1000, classB: 885 },
  'private, cached, redirect': { request: 801, rowRead: 801, classB: 409 },
  'private, cached, list': { request: 50, rowRead: 1000, classB: 409 },
  'public, 98 % from the edge': { classB: 2.1 },
};

/** Prints what uploads and views cost, computed from list prices. */
export function printCosts() {
  const print = (name, quantities) =>
    console.log(`    ${name.padEnd(50)} ${calculateDollars(quantities).toFixed(2).padStart(8)}`);
  console.log('  Dollars from list prices, without the allowances of the plans');
  print('a million uploads', UPLOADS);
  print('a million uploads, with three smaller copies', add(UPLOADS, VARIANTS));
  for (const [way, quantities] of Object.entries(VIEWS)) print(`a billion views: ${way}`, quantities);
}

const calculateDollars = (quantities) =>
  Object.entries(quantities).reduce((sum, [unit, millions]) => sum + millions * PRICE[unit], 0);

const add = (a, b) => Object.fromEntries(Object.keys(a).map((unit) => [unit, a[unit] + (b[unit] ?? 0)]));
