export function createBindingsConfig(config: object, isLocal: boolean): object;
