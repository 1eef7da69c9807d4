export declare const browserFlags: string[];
export declare function findBrowser(): string;
export declare function findTestBrowser(): string;
export declare function run(
  command: string,
  args: string[],
  options?: import('node:child_process').SpawnOptions & { env?: Record<string, string> },
): Promise<number> & { child: import('node:child_process').ChildProcessWithoutNullStreams };
export declare function installPackages(folder?: string): void;
export declare function isInstalled(folder: string): boolean;
