import type { NextConfig } from 'next';

const api = process.env.API_ORIGIN ?? 'http://localhost:8787';

const config: NextConfig = {
  // For a back end on another origin. Next sends it the Host of that origin: set TRUSTED_ORIGINS there to the origin
  // of these pages, such as http://localhost:3000. A back end in this application needs neither: ../next-route-handler
  rewrites: async () => [
    { source: '/api/:path*', destination: `${api}/api/:path*` },
    { source: '/cdn-cgi/:path*', destination: `${api}/cdn-cgi/:path*` },
  ],
};

export default config;
