import type { Plugin } from 'vite';
export declare const keepBodies: Plugin;
export declare const sendAgain: Plugin;
