import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [svelte()],
  // The back end. Vite keeps the Host header, so that pages and API are on one origin.
  server: { proxy: { '/api': 'http://localhost:8787', '/cdn-cgi': 'http://localhost:8787' } },
});
