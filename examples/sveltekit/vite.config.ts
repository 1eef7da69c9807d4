import adapter from '@sveltejs/adapter-node';
import { sveltekit } from '@sveltejs/kit/vite';
import { defineConfig } from 'vite';

export default defineConfig({
  plugins: [sveltekit({ adapter: adapter() })],
  // The back end. Vite keeps the Host header, so that pages and API are on one origin.
  server: { proxy: { '/api': 'http://localhost:8787', '/cdn-cgi': 'http://localhost:8787' } },
});
