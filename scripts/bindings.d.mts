export declare function createBindingsConfig(config: object, isLocal: boolean): object;
