import { env } from 'node:process';

const api = env.API_ORIGIN ?? 'http://localhost:8787';

export default defineNuxtConfig({
  compatibilityDate: '2026-01-01',
  app: {
    head: { title: 'Nuxt', htmlAttrs: { lang: 'en' }, link: [{ rel: 'icon', href: 'data:,' }] },
  },
  vue: { compilerOptions: { isCustomElement: (tag) => tag === 'flare-avatar-upload' } },
  typescript: { tsConfig: { vueCompilerOptions: { strictTemplates: true } } },
  // The back end.
  routeRules: {
    '/api/**': { proxy: `${api}/api/**` },
    '/cdn-cgi/**': { proxy: `${api}/cdn-cgi/**` },
  },
});
