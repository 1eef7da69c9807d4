import preact from '@preact/preset-vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [preact()],
  // The back end. Vite keeps the Host header, so that pages and API are on one origin.
  server: { proxy: { '/api': 'http://localhost:8787', '/cdn-cgi': 'http://localhost:8787' } },
});
