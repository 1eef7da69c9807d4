export declare const FRAMEWORK_PAGES: Record<string, { title: string }>;
export declare function listExampleFiles(name: string): string[];
export declare function describeFramework(name: string): string;
