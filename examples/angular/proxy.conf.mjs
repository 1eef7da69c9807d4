import { env } from 'node:process';

// Keeps the Host header, so that the pages and the API are on one origin.
const backEnd = { target: env.API_ORIGIN ?? 'http://localhost:8787', changeOrigin: false };

export default { '/api': backEnd, '/cdn-cgi': backEnd };
