import { defineConfig } from 'astro/config';

export default defineConfig({
  // The back end. Vite keeps the Host header, so that pages and API are on one origin.
  vite: { server: { proxy: { '/api': 'http://localhost:8787', '/cdn-cgi': 'http://localhost:8787' } } },
});
