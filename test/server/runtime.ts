/** Whether the tests run in workerd, and not in Node (test/node). */
export const isWorkerd = navigator.userAgent === 'Cloudflare-Workers';
