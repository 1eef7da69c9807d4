import { env } from 'node:process';
import { defineConfig } from 'vite';

// Keeps the Host header, so that the pages and the API are on one origin.
const backEnd = { target: env.API_ORIGIN ?? 'http://localhost:8787', changeOrigin: false };

export default defineConfig({
  server: { proxy: { '/api': backEnd, '/cdn-cgi': backEnd } },
});
