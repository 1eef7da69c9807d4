import type { Plugin } from 'vite';
export declare const recordBodies: Plugin;
export declare const retryDroppedRequests: Plugin;
