/**
 * Simulates what the window of stable URLs saves: one site, a seeded stream of page
 * views, and browsers that keep a picture as long as its URL is the same.
 */
const SEED = 20_261_129;
const DAYS = 2;
const VISITORS = 4000;
const PEOPLE = 20_000;
/** Pictures on a page: the visitor's contacts, of which some appear more often than others. */
const PER_PAGE = 20;
const CONTACTS = 150;
/** Page views of a visit, on average, and seconds between them. */
const VIEWS_PER_VISIT = 12;
const PAUSE = 45;
const VISITS_PER_DAY = 3;
const DAY = 86_400;
/** Lifetimes of URLs, in seconds; a URL stays the same for half of it. 0: each view has a new URL. */
const LIFETIMES = [0, 60, 300, 900, 3600, 14_400, 86_400, 604_800];
/** Seconds for which the browser keeps the redirect. */
const REDIRECT = 30;

/** Prints, for each lifetime, the share of views that reach the bucket and the Worker. */
export function runWindowBench() {
  const views = createViews();
  const count = views.length * PER_PAGE;
  console.log(
    `\nOrigin traffic by lifetime of the URLs: ${count.toLocaleString('en')} views of pictures (seed ${SEED})`,
  );
  console.log('  lifetime, s   window, s   downloads per view   with a shared cache   redirects per view');
  const rows = LIFETIMES.map((lifetime) => ({ lifetime, ...simulate(views, Math.floor(lifetime / 2)) }));
  for (const { lifetime, downloads, shared, redirects } of rows) {
    const cells = [downloads, shared, redirects].map((value) => (value / count).toFixed(4));
    console.log(
      `  ${String(lifetime).padStart(11)} ${String(Math.floor(lifetime / 2)).padStart(11)} ${cells[0].padStart(20)} ${cells[1].padStart(21)} ${cells[2].padStart(20)}`,
    );
  }
  // A longer window never causes more downloads, and the one of the redirect saves most of them.
  const isMonotonic = rows.every(({ downloads }, at) => at === 0 || downloads <= rows[at - 1].downloads);
  const standard = rows.find(({ lifetime }) => lifetime === 3600);
  return isMonotonic && standard.downloads <= rows[0].downloads * 0.5;
}

/** Page views in their order: time, visitor, and the people on the page. */
function createViews() {
  const random = createRandom(SEED);
  const views = [];
  for (let visitor = 0; visitor < VISITORS; visitor++) {
    const contacts = Array.from({ length: CONTACTS }, () => Math.floor(PEOPLE * random() ** 2));
    for (let visit = 0; visit < DAYS * VISITS_PER_DAY; visit++) {
      let time = Math.floor(random() * DAYS) * DAY + drawTimeOfDay(random);
      const length = 1 + Math.floor(-Math.log(1 - random()) * (VIEWS_PER_VISIT - 1));
      for (let view = 0; view < length; view++) {
        const people = Array.from({ length: PER_PAGE }, () => contacts[Math.floor(CONTACTS * random() ** 2)]);
        views.push({ time, visitor, people });
        time += -Math.log(1 - random()) * PAUSE;
      }
    }
  }
  return views.sort((a, b) => a.time - b.time);
}

/** Most visits are in the afternoon and in the evening. */
const drawTimeOfDay = (random) => (((random() + random() + random()) / 3) * DAY + DAY / 8) % DAY;

/** Counts the pictures that are downloaded, with and without a cache that all visitors share, and the redirects. */
function simulate(views, window) {
  const inBrowser = new Map();
  const inSharedCache = new Map();
  const redirectedAt = new Map();
  const totals = { downloads: 0, shared: 0, redirects: 0 };
  let unique = 0;
  for (const { time, visitor, people } of views) {
    // Without a window, each request gets a URL of its own.
    const period = window ? Math.floor(time / window) : ++unique;
    for (const person of people) {
      const own = visitor * PEOPLE + person;
      if (!(time - redirectedAt.get(own) < REDIRECT)) {
        totals.redirects++;
        redirectedAt.set(own, time);
      }
      if (inBrowser.get(own) === period) continue;
      inBrowser.set(own, period);
      totals.downloads++;
      if (inSharedCache.get(person) === period) continue;
      inSharedCache.set(person, period);
      totals.shared++;
    }
  }
  return totals;
}

/** Mulberry32. */
function createRandom(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
}
