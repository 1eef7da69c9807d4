export function hashContent(content: string | Uint8Array): string;
export function fillIntegrity(page: string, version: string, read: (file: string) => string | Uint8Array): string;
