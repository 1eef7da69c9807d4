import { env } from 'node:process';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vite';

// Keeps the Host header, so that the pages and the API are on one origin.
const backEnd = { target: env.API_ORIGIN ?? 'http://localhost:8787', changeOrigin: false };

export default defineConfig({
  plugins: [vue({ template: { compilerOptions: { isCustomElement: (tag) => tag === 'flare-avatar-upload' } } })],
  server: { proxy: { '/api': backEnd, '/cdn-cgi': backEnd } },
});
