import { defineConfig } from 'vite';
import solid from 'vite-plugin-solid';

export default defineConfig({
  plugins: [solid()],
  // The back end. Vite keeps the Host header, so that pages and API are on one origin.
  server: { proxy: { '/api': 'http://localhost:8787', '/cdn-cgi': 'http://localhost:8787' } },
});
