// Answers every request of its pages, as many offline caches do.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('fetch', (event) => event.respondWith(fetch(event.request)));
