declare module '*.wasm' {
  const module: WebAssembly.Module;
  export default module;
}

/** Missing in the types of Workers, where it isn't allowed. */
declare namespace WebAssembly {
  function compile(bytes: Uint8Array): Promise<Module>;
}
